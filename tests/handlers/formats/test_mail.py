"""Mail: real broken messages, charsets, facts, threads, attachments."""

from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import pytest
from needlework.handlers.formats import body, charset, header, mail, moment
from needlework.handlers.formats.items import Item
from needlework.handlers.formats.read import read

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "data"
SHARED = Path(__file__).parents[4] / "shared" / "data"


def payload(data: bytes) -> dict[str, Any]:
    """The payload of a mail that can be read."""
    found = mail.conversation(data, received=NOW)
    assert isinstance(found, Item)
    return found.data


def message(path: Path) -> dict[str, Any]:
    """The one message of a mail's payload, with the conversation's subject and id."""
    data = payload(path.read_bytes())
    (found,) = data["messages"]
    return {**found, "subject": data["subject"], "thread": data["external_id"]}


OWN = [
    ("iso_2022_jp", "注文", "ann@acme.example", None, "届きません。"),
    ("shift_jis", "test", "ann@acme.example", "2026-03-04T08:18:19Z", "ありがとう"),
    ("ks_c_5601", "test", "ann@acme.example", None, "돔친똠"),
    ("mbox_line", "NOTE: 한국말", "ann@acme.example", "2026-03-02T22:07:05Z", "대부분의"),
    ("two_senders", "revision 214", "ann@acme.example", None, "deployed"),
    ("bare_sender", None, "ann@acme.example", None, "café bar"),
    ("year_3609", None, None, "2026-03-02T09:34:00Z", ""),
    ("stray_line", "Clean up once and for all.", None, "2026-03-02T22:20:17Z", "You are infected"),
    ("comments", "Saying Hello", "ann@acme.example", "2026-03-02T15:55:06Z", "This is"),
    ("blank_fold", "Re: TEST テストテスト", "ann@acme.example", None, "Hello"),
    ("utf8_headers", "Säying Hello", "jdöe@mächine.example", None, "body"),
    ("unknown_charset", "TEST", None, None, "TEST"),
    ("split_words", "Five minutes: your opinion! 42", None, None, ""),
    ("raw_bytes", "Formação de verão | Cursos", None, None, "TEST"),
    ("partly_encoded", 'Re: Test: "漢字" mid "漢字" tail', None, None, ""),
]
"""Name, subject, sender, time and a part of the text, as a person would read them."""
REAL = [
    ("multi_charset/japanese_iso_2022", "まみむめも", "raasdnil@gmail.com", None, "すみません。"),
    ("multi_charset/japanese_shift_jis", "test", None, "2014-05-28T08:18:19Z", "あいうえお"),
    ("multi_charset/ks_c_5601-1987", "test", "from@example.com", None, "스티해"),
    ("mime_emails/raw_email4", "Filth", "xxx@xxxx.xxx", "2005-05-08T17:30:08Z", "Some text"),
    ("plain_emails/raw_email", "NOTE: 한국말로 하는 것", "jamis@37signals.com", None, "대부분의"),
    ("plain_emails/raw_email_multiple_from", None, "tim@powerupdev.com", None, "recordkick"),
    ("plain_emails/mix_caps_content_type", None, "bb@bug.com", None, "foo bar"),
    ("plain_emails/raw_email_bad_time", None, None, "2008-06-30T09:34:00Z", ""),
    ("plain_emails/raw_email_incorrect_header", "Stop adware/spyware once and for all.", "xxx@xxx.xxx",
     "2005-02-23T22:20:17Z", "You are infected"),
    ("rfc2822/example13", "Saying Hello", "jdoe@machine.example", "1997-11-21T15:55:06Z", "This is"),
    ("rfc2822/example14", "Re: TEST テストテスト", "atsushi@example.com", None, "Hello"),
    ("rfc6532/utf8_headers", "Säying Hello", "jdöe@mächine.example", None, "body"),
    ("error_emails/bad_encoded_subject", "TEST", None, None, "TEST"),
    ("error_emails/bad_subject", "MySurvey.com: You have a survey waiting! 91123105", None, None, ""),
    ("error_emails/invalid_subject_characters",
     "Formação FrenetikPolis: Mega Campanha Final Verão | Cursos de Setembro", None, None, "TEST"),
    ("plain_emails/raw_email_with_partially_quoted_subject",
     'Re: Test: "漢字" mid "漢字" tail', None, None, ""),
]  # fmt: skip
"""The same of mails that were really sent; they are in the shared data."""
CASES = [(DATA / "mail" / "broken", *case) for case in OWN]
CASES += [(SHARED / "mail", *case) for case in REAL if SHARED.is_dir()]


def test_every_mail_of_a_collection_is_read(collection: Path) -> None:
    """No message is lost, and each has an id, a time and, where the file has one, a sender and a subject."""
    paths = sorted((collection / "mail").rglob("*.eml"))
    items = [each for path in paths for each in read(path) if isinstance(each, Item)]
    assert len(items) == len(paths) >= 24
    for path, each in zip(paths, items, strict=True):
        (one,) = each.data["messages"]
        assert one["external_id"], path
        assert each.data["external_id"], path
        assert one["sent_at"].endswith("Z"), path
        headers = path.read_bytes().split(b"\n\n")[0].split(b"\r\n\r\n")[0].lower()
        assert b"\nfrom:" not in b"\n" + headers or one["sender"]["email"].count("@") == 1, path
        assert "=?" not in each.data["subject"], path
        msgspec.json.encode(each)


@pytest.mark.parametrize(("folder", "name", "subject", "sender", "sent_at", "text"), CASES)
def test_well_known_mail(
    folder: Path, name: str, subject: str | None, sender: str | None, sent_at: str | None, text: str
) -> None:
    """What a person would read in mails that break parsers."""
    found = message(folder / f"{name}.eml")
    assert subject is None or found["subject"] == subject
    assert sender is None or found["sender"]["email"] == sender
    assert sent_at is None or found["sent_at"] == sent_at
    assert text in found["text"]


def test_bounces(collection: Path) -> None:
    """A delivery report says so, with its status; the mail that bounced is an attachment."""
    reports = [each for each in (collection / "mail").rglob("*.eml") if "report" in each.parent.name]
    facts = [message(each)["facts"] for each in reports]
    assert len(facts) >= 2
    assert all(each["is_bounce"] and each["is_noreply"] for each in facts)
    assert {"4.2.2", "5.1.1"} <= {each["bounce_status"] for each in facts}


def test_a_bounce_keeps_the_mail_that_did_not_arrive(samples: Path) -> None:
    """As an attachment that is named by its subject."""
    found = message(samples / "mail" / "reports" / "no_such_person.eml")
    assert found["text"].startswith("This is the mail system at host mx.example.org.")
    assert found["attachments"][1] == {"name": "Lost order.eml", "type": "message/rfc822", "size": 80}


def test_attachments_are_listed(samples: Path) -> None:
    """By decoded name, type and size; never as text."""
    folder = samples / "mail" / "attachments"
    names = {each.stem: [one.get("name") for one in message(each)["attachments"]] for each in folder.iterdir()}
    assert names == {
        "raw_name": ["ciële.txt"],
        "charset_in_name": ["Eelanalüüsi päring.jpg"],
        "encoded_word_name": ["てすと.txt"],
        "forwarded": ["ForwardedMessage.eml"],
        "nested": ["truncated.png", "smime.p7s"],
    }


def test_facts_and_thread(samples: Path) -> None:
    """Everything the headers state, and only by the server that received the mail."""
    found = message(samples / "mail" / "authenticated.eml")
    assert found["subject"] == "Re: Invoice € 120"
    assert found["sender"] == {"name": "Jörg via List", "email": "no-reply@lists.example.net"}
    assert (found["thread"], found["external_id"], found["reply_to"]) == (
        "a@example.org",
        "c@lists.example.net",
        "b@example.org",
    )
    assert found["facts"] == {
        "is_noreply": True,
        "is_reply": True,
        "domain": "lists.example.net",
        "authentication": {"spf": "pass", "dkim": "pass", "dmarc": "pass", "by": "mx.example.org"},
        "references": ["a@example.org", "b@example.org"],
        "list_id": "billing.lists.example.net",
        "list_unsubscribe": ["https://lists.example.net/u/1", "mailto:leave@lists.example.net"],
        "list_unsubscribe_one_click": True,
        "precedence": "list",
    }
    assert found["text"].startswith("The invoice was sent twice.\n> Which invoice do you mean?\n> > The one of March.")


def test_html_only(samples: Path) -> None:
    """Blocks become lines; scripts, styles, titles and comments do not become text."""
    assert message(samples / "mail" / "page.eml")["text"] == (
        "Order 7\n\nThanks & good bye,\nShop\n\n- One\n- Two\n\n> Is it sent?\n\nSum 12 < 13"
    )


def test_missing_pieces() -> None:
    """No date: Received, then the file's time. No id: a hash that stays the same."""
    data = b"Received: by x; Mon, 2 Mar 2026 10:00:00 +0000\nDate: soon\nSubject: a\n\nb"
    found = payload(data)
    assert found["started_at"] == found["last_message_at"] == "2026-03-02T10:00:00Z"
    assert found["messages"][0]["facts"]["time_from"] == "received"
    assert payload(data)["external_id"] == found["external_id"] == found["messages"][0]["external_id"]
    bare = payload(b"Subject: a\n\nb")
    assert bare["started_at"] == "2026-03-03T12:00:00Z"
    assert bare["messages"][0]["sender"] == {}


def test_long_text_is_cut_and_says_so() -> None:
    """A million characters are kept; the fact tells how many there were."""
    (found,) = payload(b"From: a@b.example\n\n" + b"word " * 300_000)["messages"]
    assert len(found["text"]) == 1_000_000
    assert found["facts"]["text_cut_from"] == 1_500_000


def test_forwarded_as_attachment_only() -> None:
    """A mail that has no word of its own says what the attached one says."""
    data = b"From: a@b.example\nContent-Type: message/rfc822\n\nFrom: c@d.example\nSubject: In\n\nInner text"
    (found,) = payload(data)["messages"]
    assert found["text"] == "Inner text"
    assert found["attachments"][0]["name"] == "In.eml"


def test_uuencode() -> None:
    """Text under a transfer encoding of the last century."""
    data = b"From: a@b\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n+2&5L;&\\@=&AE<F4 \n`\nend\n"
    assert payload(data)["messages"][0]["text"] == "Hello there"


@pytest.mark.parametrize(
    ("raw", "people"),
    [
        ("a b@c.example d@e.example", ["b@c.example", "d@e.example"]),
        ('"Roe, Rick" <R@E.example>, team: x@y.example;', ["r@e.example", "x@y.example"]),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?q?a=2C_b?= <c@d.example>", ["c@d.example"]),
        ("(((((", []),
    ],
)
def test_addresses(raw: str, people: list[str]) -> None:
    """Address lists as programs really write them."""
    assert [each.get("email", "") for each in header.people(raw) if "email" in each] == people


def test_encoded_words() -> None:
    """A character split over two words of one charset, and words that lie about themselves."""
    assert header.words("=?utf-8?b?4oI=?= =?utf-8?b?rA==?= 5") == "€ 5"
    assert header.words("=?no-such?q?caf=C3=A9?=") == "café"
    assert header.words("=?utf-8?q?=00a=0Ab?=") == "a b"


def test_charset_names() -> None:
    """A name reaches only codecs of text."""
    assert [charset.codec(each) for each in ("zlib", "idna", "unicode-escape", "a\0b", "hex", "rot13", None)] == [
        None
    ] * 7
    assert charset.decode(b"\x80 5", "iso-8859-1") == "€ 5"
    assert charset.clean("a\0b\ud800c\r\nd") == "abc\nd"


@pytest.mark.parametrize(
    ("named", "raw", "text"),
    [
        (b"\xff\xfe", b"caf\xe9", "café"),
        (b"x-nobody-knows", b"caf\xe9", "café"),
        (b"us-ascii", b"caf\xc3\xa9", "café"),
        (b"us-ascii", b"caf\xe9 \x80", "café €"),
        (b"idna", b"caf\xc3\xa9", "café"),
        (b"ks_c_5601-1987", b"\xb5\xbc\xc4\xa3\x8c\x63", "돔친똠"),
        (b"gb2312", b"\x81\x40", "丂"),
        (b"utf-8", b"ok \xff", "ok \ufffd"),
    ],
)
def test_body_charsets(named: bytes, raw: bytes, text: str) -> None:
    """Raw bytes reach the decoder as they came, whatever the charset is called."""
    data = b"From: a@b.example\nContent-Type: text/plain; charset=" + named + b"\n\n" + raw
    assert payload(data)["messages"][0]["text"] == text


def test_flowed_with_deleted_spaces() -> None:
    """RFC 3676: DelSp, quotes, a signature that is never joined."""
    assert body.unflow("一 \n二\n> a \n>> b\nc \n-- \nd", delete_space=True) == "一二\n> a\n>> b\nc\n-- \nd"


def test_dates() -> None:
    """Plausible years only."""
    assert moment.mail_date("Mon, 30 Jun 3609 15:33:50 +0600") is None
    assert moment.rfc3339(moment.parse(1772528400)) == "2026-03-03T09:00:00Z"
    assert moment.parse(1772528400000) == moment.parse("2026-03-03 09:00")
    for wrong in (True, None, "yesterday", 1e300, "9999999999999999"):
        with pytest.raises(ValueError, match=r"."):
            moment.parse(wrong)


def test_parser_that_gives_up_leaves_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the standard parser raises, headers and the body as it stands are kept."""

    def broken(self: Message, *_: object) -> str:
        raise ValueError("broken")

    monkeypatch.setattr(Message, "get_boundary", broken)
    found = payload(b"Subject: a\nContent-Type: multipart/mixed; boundary=b\n\nread me")
    assert (found["subject"], found["messages"][0]["text"]) == ("a", "read me")
