"""Bytes to text: the charsets that mail names, the ones it means, and what to do where it lies."""

import re
from encodings.aliases import aliases
from typing import Final

# A name decodes as the superset that mail programs really mean by it.
MEANT: Final = {
    "us_ascii": "",  # says nothing about bytes beyond it: as if no charset were named
    "ascii": "",
    "iso_8859_1": "cp1252",
    "latin_1": "cp1252",
    "latin1": "cp1252",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601": "cp949",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "x_sjis": "cp932",
    "sjis": "cp932",
    "gb2312": "gb18030",
    "gb_2312": "gb18030",
    "gbk": "gb18030",
    "x_gbk": "gb18030",
    "big5": "big5hkscs",
    "iso_2022_jp": "iso2022_jp_ext",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_9": "cp1254",
    "tis_620": "cp874",
    "unicode_1_1_utf_7": "utf_7",
}
# Codecs that are not charsets of text (or are slow, or warn): naming one must not reach them.
NEVER: Final = frozenset(
    {"base64_codec", "bz2_codec", "hex_codec", "idna", "mbcs", "oem", "punycode", "quopri_codec"}
    | {"raw_unicode_escape", "rot_13", "undefined", "unicode_escape", "uu_codec", "zlib_codec"}
)
KNOWN: Final = (frozenset(aliases) | frozenset(aliases.values()) | {"utf_8_sig"}) - NEVER
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
NOT_TEXT: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def codec(name: str | None) -> str | None:
    """The codec for a charset's name, or None where it is unknown. Only known names reach the registry."""
    plain = re.sub(r"[^a-z0-9]+", "_", (name or "")[:60].lower()).strip("_")
    meant = MEANT.get(plain, plain)
    if meant not in KNOWN or aliases.get(meant, meant) in NEVER:
        return None
    return meant


def decode(data: bytes, *names: str | None) -> str:
    """Decode by the first named charset that fits, else UTF-8, else the last name with replacements."""
    found = [each for each in map(codec, names) if each is not None]
    for each in [*found, "utf_8"]:
        try:
            return data.decode(each)
        except (UnicodeError, ValueError):
            continue
    last = found[-1] if found else "cp1252"
    try:
        # A charset of several bytes that broke in one place still reads best in itself.
        return data.decode(last, "replace")
    except (UnicodeError, ValueError):
        return data.decode("latin_1")


def unescape(text: str, *names: str | None) -> str:
    """Turn the surrogate escapes that the mail parser leaves for raw bytes into the characters they were."""
    if text.isascii():
        return text
    return decode(text.encode("utf-8", "surrogateescape"), "utf-8", *names, "cp1252")


def clean(text: str) -> str:
    """One kind of line end, and nothing that JSON or SQLite cannot hold (NUL, controls, lone surrogates)."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def is_text(data: bytes) -> bool:
    """Whether bytes can be a text: no NUL; hardly a control in UTF-8, and none in an older charset."""
    if data.startswith(tuple(mark for mark, _ in BOMS)):
        return True
    controls = len(data) - len(data.translate(None, NOT_TEXT))
    if not controls:
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data and controls * 50 <= len(data)


def document(data: bytes) -> str:
    """A whole text file: by its byte order mark, else UTF-8, else the usual Western charset."""
    for mark, name in BOMS:
        if data.startswith(mark):
            return clean(data.decode(name, "replace").removeprefix("\ufeff"))
    return clean(decode(data))
