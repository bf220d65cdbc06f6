"""Labels with their evidence: found where they are plain to see, absent where they are not, quoted
exactly."""

from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from needlework.handlers.labels.analyser import ANALYSER_VERSION, MAX_EVIDENCE, LabelResult, Segment, analyse
from needlework.handlers.labels.definitions import DEFAULT_LABELS, LabelDefinition, LabelRules

PLAIN_CASES = {
    "action_items": ("Please send me the signed contract by Friday.", "The contract was signed in March."),
    "task_issue_bug": ("The app crashes every time I upload a picture.", "The pictures hang in the hall."),
    "feature_request": ("It would be great if you could add dark mode.", "The room is dark."),
    "question": ("How do I reset my password?", "I reset my password."),
    "churn_risk": ("We want to cancel our subscription next month.", "We cancelled the dinner reservation."),
    "praise": ("I love your product, the support is amazing!", "Thanks for your e-mail."),
    "decision": ("We decided to go with the second vendor.", "We still have to decide."),
    "pricing_objection": ("Honestly this is too expensive for us.", "The price list is attached."),
    "competitor_mention": ("We are also looking at Zendesk.", "We are looking at the numbers."),
    "escalation": ("I want to speak to your manager immediately.", "My manager is on holiday."),
    "expansion_signal": ("We would like to add fifty more seats.", "There are fifty seats in the room."),
    "follow_up_promised": ("I will get back to you tomorrow.", "He left yesterday."),
}
PIECES = [
    "Please cancel our plan. ",
    "ok\r\n",
    "😀",
    "\x00",
    "\ud800",
    "> quoted\n",
    "How? ",
    "- a\n",
    "\u2028",
    "It crashes.\n\n",
]
HOSTILE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=12).map("".join)


def results(*texts: str, definitions: tuple[LabelDefinition, ...] = DEFAULT_LABELS) -> dict[str, LabelResult]:
    segments = [Segment(f"msg_{number}", text) for number, text in enumerate(texts)]
    return {result.label: result for result in analyse(segments, definitions)}


def test_every_default_label_has_a_case() -> None:
    assert set(PLAIN_CASES) == {definition.key for definition in DEFAULT_LABELS}


@pytest.mark.parametrize("key", PLAIN_CASES)
def test_a_label_is_found_where_it_is_plain_to_see(key: str) -> None:
    text, _ = PLAIN_CASES[key]
    found = results(text)[key]
    assert found.present
    assert [evidence.quote for evidence in found.evidence] == [text]
    assert found.score == found.evidence[0].score >= 0.6
    assert found.model == ANALYSER_VERSION


@pytest.mark.parametrize("key", PLAIN_CASES)
def test_a_label_is_absent_where_only_its_words_are(key: str) -> None:
    _, text = PLAIN_CASES[key]
    found = results(text)[key]
    assert not found.present
    assert found.evidence == []


def test_evidence_names_its_message_and_place() -> None:
    greeting, fault = "Hello there,\r\n\r\n", "The export fails with an error 500."
    found = results("Good morning.", f"{greeting}{fault} Bye")["task_issue_bug"]
    assert [(e.message_id, e.start, e.end) for e in found.evidence] == [
        ("msg_1", len(greeting), len(greeting) + len(fault))
    ]


def test_quotes_signatures_and_footers_say_nothing() -> None:
    mail = "Sounds good.\n\nOn Mon, Jan 3, 2022 at 4:00 PM Bob <bob@example.com> wrote:\n> Please cancel our plan.\n"
    assert not any(result.present for result in results(mail).values())


def test_no_text_no_label() -> None:
    for texts in ((), ("",), ("  \r\n\x00",), ("😀😀",)):
        found = results(*texts)
        assert len(found) == len(DEFAULT_LABELS)
        assert not any(result.present for result in found.values())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(HOSTILE, max_size=4))
def test_a_quote_is_always_the_text_at_its_place(texts: list[str]) -> None:
    for result in results(*texts).values():
        assert result.present == bool(result.evidence)
        assert len(result.evidence) <= MAX_EVIDENCE
        for evidence in result.evidence:
            text = texts[int(str(evidence.message_id).removeprefix("msg_"))]
            assert text[evidence.start : evidence.end] == evidence.quote
            assert evidence.quote.strip()
            assert evidence.score <= result.score


def test_the_same_text_gives_the_same_labels() -> None:
    texts = [text for pair in PLAIN_CASES.values() for text in pair]
    assert results(*texts) == results(*texts)


def test_a_megabyte_is_read_in_bounded_time() -> None:
    words = " ".join(f"word{number} cancels" + ("." if number % 7 == 0 else "") for number in range(70_000))
    before = process_time()
    results(words[:1_000_000])
    assert process_time() - before < 60


def test_an_issue_is_judged_as_a_whole_and_quoted_by_its_best_sentence() -> None:
    body = (
        "### Describe the bug\nThe window closes when a file is dropped on it.\n\n"
        "### Steps to reproduce\n"
        "1. Open the window\n2. Drop a file\n\n### Expected behavior\nThe file opens.\n\n```\n"
        "TypeError: x is null\n```\n"
    )
    found = results("[Bug]: Window closes on drop", body)
    assert found["task_issue_bug"].present
    assert not found["feature_request"].present


def test_disabled_labels_are_not_answered_and_thresholds_hold() -> None:
    text = PLAIN_CASES["praise"][0]
    off = LabelDefinition(key="praise", prompt="", enabled=False)
    strict = LabelDefinition(key="praise", prompt="", threshold=1.0, version=7)
    assert results(text, definitions=(off,)) == {}
    found = results(text, definitions=(strict,))["praise"]
    assert not found.present
    assert found.definition_version == 7


def test_phrases_of_a_workspace_come_before_ours() -> None:
    rules = LabelRules(phrases=("purple * alert",), never=("cancel our plan",))
    taught = LabelDefinition(key="churn_risk", prompt="", rules=rules)
    assert results("This is a purple, very loud alert.", definitions=(taught,))["churn_risk"].provenance == "rule"
    assert not results("Please cancel our plan.", definitions=(taught,))["churn_risk"].present


def test_a_label_of_ones_own_learns_from_examples() -> None:
    examples = (
        "The parcel has not arrived yet.",
        "Where is my delivery?",
        "My package is late again.",
        "The courier lost our shipment.",
    )
    own = LabelDefinition(key="delivery_late", prompt="A delivery is late.", rules=LabelRules(examples=examples))
    assert results("Our shipment still has not been delivered.", definitions=(own,))["delivery_late"].present
    assert not results("We love the new dashboard.", definitions=(own,))["delivery_late"].present


def test_a_rejected_sentence_is_not_labelled_again() -> None:
    text = PLAIN_CASES["follow_up_promised"][1]
    yes = LabelDefinition(key="praise", prompt="", rules=LabelRules(examples=(text,)))
    no = LabelDefinition(key="praise", prompt="", rules=LabelRules(counter_examples=("It is a wonderful product.",)))
    assert results(text, definitions=(yes,))["praise"].present
    assert not results("It is a wonderful product.", definitions=(no,))["praise"].present
