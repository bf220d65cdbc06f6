"""People as inputs name them: a record, or a bare text that is an address or a name."""

import msgspec
from needlework.handlers.words import clean, domain_of


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Someone who takes part; a bare text stands for an e-mail address or a name."""

    name: str = ""
    email: str = ""
    id: str = ""


def mail_address(text: str) -> str:
    """The one spelling of an e-mail address, by which two are compared."""
    return clean(text).strip().lower()


def person(given: Person | str) -> Person:
    """A person, the e-mail in lower case; a bare text is an address if it looks like one, else a name."""
    if isinstance(given, str):
        text = clean(given).strip()
        return Person(email=mail_address(text)) if domain_of(text) and " " not in text else Person(name=text)
    return Person(clean(given.name).strip(), mail_address(given.email), clean(given.id).strip())


def address(who: Person) -> str:
    """What tells one participant from another: e-mail, else id, else name. Empty for nobody."""
    return who.email or who.id or who.name
