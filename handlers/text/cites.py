"""Where a line of a summary was said: a link in Markdown to the message, with few words for people."""

import re
from urllib.parse import quote

CITE = re.compile(r"[ \t]*\[\([^\]\n]{1,80}\)\]\(/ui/conversations#[\w%./~-]{1,400}\)[ \t]*$", re.MULTILINE)
"""One at the end of a line, with the blanks before it: it is no part of what was said."""
LAST = re.compile(CITE.pattern.removesuffix("$") + r"\Z")
"""One at the very end: what is before it stands where it stood."""


def cite(words: str, conversation: str | None, message: str = "") -> str:
    """`[(turn 4)](/ui/conversations#conv_1/cmsg_2)`: pages open it, Slack shows its words.

    Plain words where there is no conversation.
    """
    if conversation is None:
        return f"({words})"
    place = f"{quote(conversation, safe='')}/{quote(message, safe='')}" if message else quote(conversation, safe="")
    return f"[({words})](/ui/conversations#{place})"
