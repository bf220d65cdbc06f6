"""Whether a sentence is in another language than English: told by the small words that English lacks. Pure."""

import re
from typing import Literal

Language = Literal["en", "de", "other"]

_GERMAN_WORDS = (
    "der das dem des ein eine einen einem einer eines und oder aber nicht kein keine keinen ich wir ihr sie uns euch "
    "mir mich dich ist sind wird werden haben habe hatte wurde wurden kann können konnte möchte möchten muss müssen "
    "soll mit von vom zum zur für auf bei beim nach seit aus über unter zwischen wenn dass weil wie wo wer warum wann "
    "hier noch schon mehr sehr auch nur heute morgen gestern unser unsere unseren unserem unserer ihre ihren ihrem "
    "ihnen mein meine meinen leider danke vielen dank bitte es geht gibt diese dieser dieses diesen jetzt immer "
    "wieder alle zwei gut neue neuen hiermit anbei guten liebe hallo grüße grüßen viel zu schon ja nein doch dann "
    "sonst"
)
_OTHERS_WORDS = (
    "des une nous vous est sont pas avec pour dans que qui sur cette votre notre elle merci bonjour très mais ça été "
    "el los las una nosotros está están para por nuestro nuestra gracias pero muy cuando hay usted ustedes puede "
    "puedo il gli della delle dei che non sono siamo grazie buongiorno questo questa anche quando perché più nostro "
    "possiamo het een niet wij jullie zijn maar voor dank graag naar deze heeft kunnen wordt goedemorgen não está são "
    "obrigado obrigada você nosso nossa muito também quando isso mas och att det inte som på är har med för jag tack "
    "hej nie jest się że dziękuję proszę dzień"
)
_ENGLISH_WORDS = (
    "the a an and or but not no is are was were be been i we you he it they us our your my his her its this that "
    "these those of to in on at for with from by as if when while because can could will would shall should may must "
    "do does did have has had there here what which who how why where please thanks so all any more than then just "
    "only still since until into about after before"
)
_GERMAN, _OTHERS, _ENGLISH = (frozenset(words.split()) for words in (_GERMAN_WORDS, _OTHERS_WORDS, _ENGLISH_WORDS))
_WORD = re.compile(r"[^\W\d_]+")
_UMLAUT = re.compile(r"[äöüß]")
MAX_WORDS = 60
"""Of a sentence that are looked at."""
_LATIN = re.compile(r"[a-z]")


def language(plain: str) -> Language:
    """Of a sentence in small letters: "en" as well where nothing tells otherwise, as of names and numbers."""
    words = _WORD.findall(plain[: MAX_WORDS * 12])[:MAX_WORDS]
    if not words:
        return "en"
    if sum(_LATIN.search(word) is None for word in words) * 2 > len(words):
        return "other"
    english = sum(word in _ENGLISH for word in words)
    german = sum(word in _GERMAN for word in words) + (_UMLAUT.search(plain) is not None)
    others = sum(word in _OTHERS for word in words)
    if max(german, others) <= english or max(german, others) < (1 if not english and len(words) <= 6 else 2):
        return "en"
    return "de" if german >= others else "other"
