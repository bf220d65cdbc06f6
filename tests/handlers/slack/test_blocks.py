"""Markdown becomes what Slack shows; nothing in it can address anybody, and no block is too long."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needlework.handlers.slack.blocks import LONGEST, MOST, Payload, payload
from needlework.handlers.slack.mrkdwn import mrkdwn

_LINK = re.compile(r"<(?:https?://|mailto:)[^<>|\s]+(?:\|[^<>|]*)?>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(["<!channel>", "<@U1>", "@here", "](https://e.org/a|b)", "[a|b](https://e.org/?a=<x>&b)",
                         "```\n",
                         "`", "**", "*", "__", "~~", "\n", "&amp;", "&", "\x02" + "0\x02", "# ", "- ", "https://e.org/x",
                         "<https://e.org|evil>", "mailto:", "x" * 4000, "[](https://e.org)", "[x](javascript:alert)"]),
    ),
    max_size=60,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# Decisions #", "*Decisions*"),
        ("**Ship** on *Monday*, ~~not~~ __Friday__", "*Ship* on _Monday_, ~not~ *Friday*"),
        ("- one\n  * two\n+ [x] three", "• one\n  • two\n• ☑ three"),
        ("see [the plan](https://e.org/a?b=1&c=2) now", "see <https://e.org/a?b=1&amp;c=2|the plan> now"),
        ("https://e.org/a_b_c.", "<https://e.org/a>_b_c."),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("`a * b * <c>` * d", "`a * b * &lt;c&gt;` * d"),
        ("```py\nx = **y**\n", "```\nx = **y**\n```"),
        ("<!channel> [x](!channel) <@U1|bob>", "&lt;!channel&gt; [x](!channel) &lt;@U1|bob&gt;"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("- **Ada:** Yes. [(turn 4)](/ui/conversations#conv_1/cmsg_2)", "• *Ada:* Yes. (turn 4)"),
        ("[x](/ui/evil?a=1) [y](/api/x)", "[x](/ui/evil?a=1) [y](/api/x)"),
        ("| a | b\\|c |\n| --- | :-: |\n| \\*x\\* | \\<!here> |", "a · b|c\n*x* · &lt;!here&gt;"),
    ],
)
def test_markdown_becomes_what_slack_shows(markdown: str, expected: str) -> None:
    assert "\n".join(mrkdwn(markdown)) == expected


@settings(max_examples=300)
@given(_HOSTILE, _HOSTILE)
def test_nothing_in_a_text_addresses_anybody_and_every_block_is_short_enough(title: str, markdown: str) -> None:
    message = payload(title, markdown, "note_1")
    for part in [message.text, *message.sections]:
        assert part
        assert len(part) <= LONGEST
        assert "<" not in _LINK.sub("", part)
        assert ">" not in _LINK.sub("", part)
        assert "&" not in _ENTITY.sub("", _LINK.sub("", part))
    assert len(message.sections) <= MOST
    assert all(block["text"]["verbatim"] for block in message.body()["blocks"])  # type: ignore[attr-defined]
    assert message.body()["parse"] == "none"


def test_a_long_text_is_whole_in_its_blocks_and_a_too_long_one_says_where_the_rest_is() -> None:
    words = [f"word{number}" for number in range(9000)]
    long = payload("", " ".join(words), "note_1 v2")
    assert " ".join(long.sections).split() == words
    longer = payload("", "\n\n".join(" ".join(words) for _ in range(5)), "note_1 v2")
    assert len(longer.sections) == MOST
    assert longer.sections[-1] == "_… the rest is in needlework: note_1 v2_"


def test_code_that_is_cut_stays_code() -> None:
    message = payload("", "```\n" + "\n".join("x = <1>" for _ in range(1000)) + "\n```", "note_1")
    assert len(message.sections) > 1
    assert all(section.startswith("```") and section.endswith("```") for section in message.sections)


def test_a_message_is_shortened_until_nothing_can_go() -> None:
    message: Payload | None = Payload("t", [str(number) for number in range(5)])
    lengths = []
    while message is not None:
        lengths.append(len(message.sections))
        assert msgspec.json.decode(msgspec.json.encode(message), type=Payload) == message
        message = message.shortened("note_1")
    assert lengths == [5, 3, 2]
