"""What remains of a mail is what its sender wrote."""

import pytest
from needlework.handlers.text.strip import authored

REPLY = (
    "Yes, please go on.\n\nOn Mon, Jan 3, 2022 at 4:00 PM Bob <bob@example.com> wrote:\n> cancel everything\n> now\n"
)
WRAPPED = "Fine.\n\nOn Mon, Jan 3, 2022 at 4:00 PM Bob Somebody With A Name\n<bob@example.com> wrote:\n\n> cancel\n"
OUTLOOK = (
    "Fine.\n\n________________________________\nFrom: Bob\nSent: Monday\nTo: Ann\nSubject: x\n\ncancel everything\n"
)
HEADERS = "Fine.\n\nFrom: Bob <b@example.com>\nSent: Monday\nTo: Ann\n\ncancel everything\n"
FORWARD = "See below.\n\n-----Original Message-----\nFrom: Bob\ncancel everything\n"
INLINE = "> can you come?\nYes I can.\n> and Tom?\nNo, cancel Tom's seat.\n"
DASHES = "All good.\n-- \nAnn Lee\ncancel@example.com\n"
PHONE = "All good.\n\nSent from my iPhone\n"
CLOSING = "All good.\n\nBest regards,\nAnn Lee\nHead of Cancel\n+1 555 1234\n"
LEGAL = (
    "All good.\n\nThis e-mail and any attachments are confidential. If you are not the intended recipient, cancel it.\n"
)
BULK = "All good.\n\nUnsubscribe here or cancel your newsletter\n"


def kept(text: str) -> str:
    return "".join(text[span.start : span.end] for span in authored(text))


@pytest.mark.parametrize(
    "text",
    [REPLY, WRAPPED, OUTLOOK, HEADERS, FORWARD, DASHES, PHONE, CLOSING, LEGAL, BULK],
    ids=lambda t: t[:40],
)
def test_history_signature_and_footer_go(text: str) -> None:
    assert "cancel" not in kept(text).lower()
    assert kept(text).strip() == text.split("\n")[0]


@pytest.mark.parametrize("text", [REPLY, OUTLOOK, CLOSING], ids=lambda t: t[:40])
def test_windows_line_ends_make_no_difference(text: str) -> None:
    assert kept(text.replace("\n", "\r\n")).replace("\r\n", "\n") == kept(text)


def test_answers_between_quotes_stay() -> None:
    assert kept(INLINE) == "Yes I can.\nNo, cancel Tom's seat.\n"


@pytest.mark.parametrize(
    "text",
    [
        ("Thanks\nplease cancel the order, it is the wrong one and I would like to have the other one instead of it"),
        "From: my point of view\nthis is fine",
        "On Monday we meet.\nShe wrote: fine.",
        "-- \nplease cancel",
        "please cancel",
        "The disclaimer on the page is wrong.\nPlease fix it.",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert kept(text).strip() == text.strip()


def test_a_megabyte_of_anything_is_linear() -> None:
    """Lines that each nearly match; a backtracking pattern would not end."""
    for piece in (
        "On 2020 ",
        "From: x\nTo: y\n",
        "> x\n",
        "best regards\n",
        "a" * 1_000,
        "_" * 50 + "\n",
        "\n",
    ):
        text = piece * (1_000_000 // len(piece))
        assert all(0 <= span.start <= span.end <= len(text) for span in authored(text))


@pytest.mark.parametrize("piece", ["--\n", "--\n\n> x\n"])
def test_many_lines_that_may_begin_a_signature_are_looked_at_once(piece: str) -> None:
    """Each counted all lines below it: a mail of 20 KB took half a minute, one of 200 KB an hour."""
    text = piece * (100_000 // len(piece))
    assert authored(text)[-1].end > len(text) // 2
