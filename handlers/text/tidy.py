"""Speech as a person would write it down: without fillers, and without what is said twice in a stammer."""

import re

_FUNCTION = (
    "a about after all also am an and any are aren't as at be because been before being both but by can can't could "
    "couldn't did didn't do does doesn't doing don't down during each few for from had has have having he her here "
    "hers him his how i i'd i'll i'm i've if in into is isn't it it's its just let let's me more most my no nor not "
    "now of off on once only or other our out over own same she should so some such than that that's the their them "
    "then there there's these they they're this those through to too under until up us very was wasn't we we'd we'll "
    "we're we've were weren't what what's when where which while who why will with won't would wouldn't you you'd "
    "you'll you're your"
)
FUNCTION_WORDS = frozenset(_FUNCTION.split())
_FILLER = re.compile(
    r"(?:\{[a-z]+\}|\[[a-z ]{1,40}\])\s*|"
    r"\b(?:u+m+|u+h+|e+rm?|mm-?hmm+|mhm+|hmm+|mm+)\b[ ,.…-]*|"
    r"(?:(?<=, )|(?<=^))(?:you know|i mean|like|sort of|kind of|well|actually|basically|honestly)(?:,\s*|$)|"
    r"^(?:(?:good|great|fine|perfect|brilliant|lovely)[,.!] (?=(?:so|then)\b))?"
    r"(?:(?:okay|ok|yeah|yep|right|alright|all right|so|well|oh|ah|and|but|now)\b[ ,.…!-]+)+(?=\w)|"
    r"(?<=[.!?] )(?:okay|ok|yeah|so|well)\b[ ,]+",
    re.IGNORECASE,
)
_ASIDE = re.compile(r",\s*(?:u+m+|u+h+|e+rm?|like|you know|sort of|kind of)\s*,\s*", re.IGNORECASE)
_AGAIN = re.compile(r"(?<![\w'-])(\w[\w']*(?: \w[\w']*){0,2})((?:(?:,? |,? ?[-–—…]+ ?)\1)+)(?![\w'-])", re.IGNORECASE)
_STAMMERED_WORDS = "i the a an we and to in of so but my our is was it's that's he she for with on i'm about"
_STAMMERED = frozenset(_STAMMERED_WORDS.split())
_SPACED = re.compile(r"\s+([,.?!;:])")
_BEFORE = re.compile(r"^(?:[ ,;:…–—]|[.-](?!\d))+")
"""What may stand before the first word; a minus before a number is no dash."""
_ADDRESS = re.compile(r"\w+(?:://|\.\w+[/.@])|\S+@\S+\.")
_ENDED = re.compile(r"[.?!:;,…)\"”]\s*$|[^\w\s]$")
COUNTED = re.compile(
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred|thousand|million|"
    r"double|triple)"
)
_DOUBLE = re.compile(r",(?:\s*,)+|,(?=[.?!;])")


def tidy(text: str) -> str:
    """One or a few sentences, tidied; numbers, names and lists stay as they were said."""
    bare = " ".join(text.replace("’", "'").split())
    for _ in range(2):
        bare = _FILLER.sub("", _ASIDE.sub(" ", bare))
        bare = _AGAIN.sub(_once, bare)
    bare = _DOUBLE.sub(",", _SPACED.sub(r"\1", " ".join(bare.split())))
    bare = _BEFORE.sub("", bare)
    return bare if _ADDRESS.match(bare) else bare[:1].upper() + bare[1:]


def together(*texts: str) -> str:
    """Tidied sentences as one text: one that ends without a mark, as in chats, gets a full stop."""
    shown = [text for text in texts if text]
    return " ".join([*(text if _ENDED.search(text) else f"{text}." for text in shown[:-1]), *shown[-1:]])


def _once(match: re.Match[str]) -> str:
    """A stammer repeats small words; "then four, then four" says something."""
    words = match[1].lower().split()
    if len(words) == 1:  # "because of it, it was late" is none; "report report" is a slip too
        slip = "," not in match[2] and match[1].isalpha() and not COUNTED.fullmatch(words[0])
        return match[1] if slip or words[0] in _STAMMERED else match[0]
    return match[1] if all(word in FUNCTION_WORDS for word in words) else match[0]
