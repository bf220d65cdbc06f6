"""The page in a real browser: what people see, with the keyboard, on a phone, and nothing on the console."""

import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from needlework.tests.http.browsers import idle, text, too_wide, until
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


@pytest.fixture
def page(browser: Chrome, demo: str) -> Chrome:
    """The overview, when its conversations have their labels."""
    browser.get(f"{demo}/ui")
    until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "article .chip")) > 5)
    return browser


def test_labels_stand_behind_what_they_mark_and_times_are_for_people(page: Chrome) -> None:
    # read at once: while labels are found, the conversations are shown anew
    chip, title, legend, times = page.execute_script(
        "const chip = document.querySelector('mark + .verdict .chip');"
        "const marked = chip.parentNode.previousSibling;"
        "const times = [...document.querySelectorAll('article time')].map((each) => each.textContent);"
        "return [chip.textContent, marked.title, document.querySelector('#legend').textContent, times];"
    )
    assert chip in title
    assert chip in legend
    assert times
    assert all(re.fullmatch(r"just now|\d+ (min|h|d) ago|.*\d{4}.*", each) for each in times)
    assert "Without a subject" not in text(page, "body")
    assert not re.search(r"\.\d{6}", text(page, "body"))


def test_it_says_what_waits_and_runs_first(page: Chrome) -> None:
    until(page, lambda: text(page, "#live") == "live")
    until(page, lambda: re.fullmatch(r"[\d,]+", text(page, "#needs b")))  # all of them are counted: no "100+"
    work, conversations = (page.find_element(By.ID, name).rect["y"] for name in ("work-title", "conversations-title"))
    assert work < conversations


def test_it_says_how_much_is_left_to_analyse(page: Chrome, demo: str) -> None:
    runner = "/api/internal/runners/conversation_note_analysis_processor"
    with httpx2.Client(base_url=demo) as http:
        until(page, lambda: idle(http))
        http.post(f"{runner}/pause").raise_for_status()
        long_ago = {"text": "Thank you.", "sent_at": "2026-01-02T03:04:05Z"}  # the latest ones keep their labels
        said = [{"external_id": f"far-{at}", "messages": [long_ago]} for at in range(12)]
        http.post("/api/conversations", json=said).raise_for_status()
        page.refresh()
        until(page, lambda: "12 to be analysed" in text(page, "#far"))
        until(page, lambda: "held" in text(page, "#runners"))
        assert "conversation_note_analysis 12" in text(page, "#topics")
        assert "prediction" not in text(page, "#topics") + text(page, "#runners")  # what has nothing to do is left out
        http.post(f"{runner}/resume").raise_for_status()
        until(page, lambda: not page.find_element(By.ID, "far").is_displayed())


def test_analyse_again_by_keyboard_counts_to_its_end(page: Chrome, demo: str) -> None:
    with httpx2.Client(base_url=demo) as http:
        until(page, lambda: idle(http))
    for _ in range(60):
        page.switch_to.active_element.send_keys(Keys.TAB)
        if page.switch_to.active_element.get_attribute("id") == "analyse":
            break
    page.switch_to.active_element.send_keys(Keys.ENTER)
    until(page, lambda: text(page, "#job p").startswith("Done"))
    counted = re.fullmatch(r"Done: (\d+) of (\d+) analysed, 0 failed\.", text(page, "#job p"))
    assert counted is not None
    assert counted[1] == counted[2] != "0"
    assert page.switch_to.active_element.get_attribute("id") == "analyse"  # whoever uses keys keeps their place
    until(page, lambda: "finished" in text(page, "#events"))


def test_a_phone_scrolls_down_only(page: Chrome) -> None:
    assert too_wide(page) == []


RENDER = """
const [text, spans, done] = arguments;
import("/ui/markdown.js").then(({ rendered }) => done(rendered(text, spans).whole.innerHTML)).catch(done);
"""
MARKDOWN = {
    "# Plan #\n\nShip **on _Monday_**.": "<h3>Plan</h3><p>Ship <strong>on <em>Monday</em></strong>.</p>",
    "Plan\n====\nLater\n---": "<h3>Plan</h3><h4>Later</h4>",
    "- one\n- two\n  - deep": "<ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul>",
    "3. three\n4) four": '<ol start="3"><li>three</li><li>four</li></ol>',
    "> said\nlazily\n\nnot": "<blockquote><p>said\nlazily</p></blockquote><p>not</p>",
    "a `b*c*` d\\*e": "<p>a <code>b*c*</code> d*e</p>",
    "snake_case_name 2*3*4 **": "<p>snake_case_name 2<em>3</em>4 **</p>",
    "one  \ntwo": "<p>one<br>two</p>",
    "***\ntext": "<hr><p>text</p>",
    "<b>no</b> &amp;": "<p>&lt;b&gt;no&lt;/b&gt; &amp;amp;</p>",
    "[x](javascript:alert(1)) [y](/ui)": "<p>[x](javascript:alert(1)) [y](/ui)</p>",
}


@pytest.mark.parametrize("text_", MARKDOWN)
def test_markdown_becomes_nodes(page: Chrome, text_: str) -> None:
    assert page.execute_async_script(RENDER, text_, []) == MARKDOWN[text_]


def test_what_is_bold_in_slack_is_bold_here(page: Chrome) -> None:
    slack = RENDER.replace("rendered(text, spans)", "rendered(text, spans, true)")
    made = page.execute_async_script(slack, "*Now* _or_ ~never~ 2*3*4 a_b_c ~5 or ~6 *", [])
    assert made == "<p><strong>Now</strong> <em>or</em> <del>never</del> 2*3*4 a_b_c ~5 or ~6 *</p>"


def test_links_show_where_they_lead_and_images_are_named(page: Chrome) -> None:
    made = page.execute_async_script(RENDER, "[a](https://b.example/c) ![d](https://e.example/f.png)", [])
    assert ">a</a><span" in made
    assert "(b.example)" in made
    assert "Image: d</a>" in made
    assert "(e.example)" in made
    assert "<img" not in made
    bare = page.execute_async_script(RENDER, "https://b.example/c, <me@b.example> https://good.example@b.example/", [])
    assert bare.count('class="where"') == 1  # the last one says another name than it leads to
    assert "(b.example)" in bare


def test_a_place_of_our_own_is_opened_here_and_nothing_else_is(page: Chrome) -> None:
    """The lines of summaries name their message by such a link; it does not wrap, and shows no id."""
    made = page.execute_async_script(RENDER, "- Yes. [(turn 4)](/ui/conversations#conv_1/cmsg_2)", [])
    assert made == '<ul><li>Yes. <a class="place" href="/ui/conversations#conv_1/cmsg_2">(turn 4)</a></li></ul>'
    for other in ("/ui/conversations", "/ui/x#y", "/api/meetings#x", "//evil.example/ui/notes#x", "/ui/notes#a?b=1"):
        assert "<a" not in page.execute_async_script(RENDER, f"[x]({other})", []), other


def test_a_meetings_card_says_its_day_once_and_leads_to_what_was_said(page: Chrome, demo: str) -> None:
    """Story: the date stood in the card twice, and "(turn 4)" led nowhere."""
    with httpx2.Client(base_url=demo) as http:
        made = {
            "id": "meet_sample_assumed",
            "title": "Undated",
            "start": "2020-03-04T10:00:00Z",
            "facts": {"start_from": "file"},
        }
        http.post("/api/meetings", json=made).raise_for_status()
        until(page, lambda: http.get("/api/meetings/meet_sample_pricing").json()["summary_note_id"])
        until(page, lambda: http.get("/api/notes?kind=meeting_summary&q=Overview").json()["items"])
    page.get(f"{demo}/ui/meetings#meet_sample_pricing")
    until(page, lambda: page.find_elements("css selector", "#meet_sample_pricing .prose a.place"))
    card = text(page, "#meet_sample_pricing")
    assert len(re.findall(r"\b20\d\d-\d\d-\d\d \d\d:\d\d\b", card)) == 0
    assert card.index("Ada Lindqvist") < card.index("Overview"), "who came stands above the summary"
    page.find_element("css selector", "#meet_sample_pricing .prose a.place").click()
    until(page, lambda: "/ui/conversations#conv_sample_pricing/" in page.current_url)
    until(page, lambda: page.find_elements("css selector", ".said.target"))
    page.get(f"{demo}/ui/meetings#meet_sample_assumed")
    page.refresh()
    until(page, lambda: "start assumed" in text(page, "#meet_sample_assumed"))


READ = """
const into = document.createElement("div");
document.querySelector("main").append(into);
into.append(window.markdown.rendered(arguments[0]).whole);
const found = [...into.querySelectorAll(".where, a[href='http://moc.bank.app/']")].map((each) => {
  const node = each.firstChild, spots = [];
  for (let at = 0; at < node.length; at += 1) {
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    if (/[a-z.]/.test(node.data[at])) spots.push([range.getBoundingClientRect().x, node.data[at]]);
  }
  return spots.sort((one, other) => one[0] - other[0]).map(([, sign]) => sign).join("");
});
into.remove();
return found;
"""


@pytest.mark.parametrize(
    "turned", ["[\u202eour page](http://moc.bank.app/)", "\u202e [our page](http://moc.bank.app/)"]
)
def test_letters_that_turn_others_turn_no_name_of_a_host(page: Chrome, turned: str) -> None:
    """RIGHT-TO-LEFT OVERRIDE in a note made "(moc.bank.app)" beside a link read as "(ppa.knab.com)"."""
    page.execute_async_script("import('/ui/markdown.js').then((it) => { window.markdown = it; arguments[0](); })")
    assert "moc.bank.app" in page.execute_script(READ, turned)


QUOTED = """
const [text, type, done] = arguments;
import("/ui/inline.js").then(({ quoted }) => done(quoted(text, type))).catch(done);
"""


@pytest.mark.parametrize(
    ("said", "type_", "shown"),
    [
        ("- [ ] **Ada:** see `x_1` and [this](https://a.example)", "note", "Ada: see x_1 and this"),
        ("## 2*3*4\n is _it_", "note", "234 is it"),
        ("2*3*4 snake_case `TypeError` **now** 1. #5", "conversation", "2*3*4 snake_case TypeError now 1. #5"),
        ("a ** b ` c", "conversation", "a ** b ` c"),
        ("*Note*: _really_ (*this*), __init__ 2 * 3 * 4", "conversation", "Note: really (this), __init__ 2 * 3 * 4"),
        ("**We will cancel.", "note", "We will cancel."),
        ("We will cancel.**", "conversation", "We will cancel."),
    ],
)
def test_a_quote_is_shown_without_the_signs_of_markdown(page: Chrome, said: str, type_: str, shown: str) -> None:
    """Evidence read "**Viktor Sand:** Three times"; where nobody said that it is Markdown, a sum stays a sum."""
    assert page.execute_async_script(QUOTED, said, type_) == shown


ALSO = """
const [labels, done] = arguments;
import("/ui/also.js").then(({ also }) => {
  const [made] = also(labels, new Set(["0"]));
  done([made.querySelector("summary")?.textContent ?? made.textContent, made.querySelectorAll("button").length]);
}).catch(done);
"""


def test_many_labels_are_counted_and_each_stands_behind_a_press(page: Chrome) -> None:
    """23 of them stood under one meeting."""
    kinds = ["question", "question", "praise", "task_issue_bug", "decision", "churn_risk", "praise", "praise"]
    labels = [
        {"id": str(at), "label": kind, "state": "machine", "score": 0.9, "evidence": []}
        for at, kind in enumerate(kinds)
    ]
    few = page.execute_async_script(ALSO, labels[:3])
    assert few == ["Also: QuestionPraise", 2]
    many, buttons = page.execute_async_script(ALSO, labels)
    assert (many, buttons) == ("Also Praise ×3, Bug, Churn risk, Decision, 1 more", 7)


WRITTEN = "## Steps\n\n1. Run `it`\n2. See **nothing**\nat all"


def test_an_issue_is_read_as_markdown_and_a_mail_as_it_was_written(page: Chrome, demo: str) -> None:
    with httpx2.Client(base_url=demo) as http:
        for channel in ("github", "email"):
            said = {"id": f"conv_shown_{channel}", "channel": channel, "messages": [{"text": WRITTEN}]}
            http.post("/api/conversations", json=said).raise_for_status()
    page.get(f"{demo}/ui/conversations#conv_shown_email")
    until(page, lambda: text(page, ".said .words") == WRITTEN)
    page.get("about:blank")
    page.get(f"{demo}/ui/conversations#conv_shown_github")
    until(page, lambda: text(page, ".said .words li:last-child") == "See nothing\nat all")
    assert [each.text for each in page.find_elements(By.CSS_SELECTOR, ".said h4, .said code")] == ["Steps", "it"]


def test_the_overview_tells_what_waits_from_what_is_due_later(page: Chrome, demo: str) -> None:
    """Summaries of meetings to come stood there as waiting, for days."""
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    later = {"topic": "needle_mover_scheduler", "key": {}, "data": {}, "deliver_after": at}
    with httpx2.Client(base_url=demo) as http:
        http.post("/api/internal/pubsub/publish", json=later).raise_for_status()
        until(page, lambda: idle(http))
        runners = {each["id"]: each for each in http.get("/api/internal/runners").json()["items"]}
    assert runners["needle_mover_scheduler"]["scheduled"] == 1
    assert runners["needle_mover_scheduler"]["waiting"] == 0
    page.refresh()
    scheduled = sum(each["scheduled"] for each in runners.values())
    until(page, lambda: text(page, "#total-scheduled") == f"{scheduled:,}")
    until(page, lambda: text(page, "#total-waiting") == "0")


def test_code_tables_and_tasks_are_shown_as_such(page: Chrome) -> None:
    table = page.execute_async_script(RENDER, "| a | b \\| c |\n|---|--:|\n| x | 12 |", [])
    assert '<th scope="col">b | c</th>' in table
    assert '<td class="number">12</td>' in table
    code = page.execute_async_script(RENDER, "```\n<i>\n```\n- [x] **done** it", [])
    assert "<code>&lt;i&gt;</code>" in code
    assert 'aria-label="done: "' in code


def test_evidence_is_marked_inside_of_markdown_at_characters(page: Chrome) -> None:
    """Offsets count characters, not UTF-16 units; signs that are not shown break nothing."""
    text_ = "😀 **The sync** is broken.\n\nFine."
    label = {"id": "1", "label": "task_issue_bug", "state": "machine", "score": 0.9, "evidence": []}
    made = page.execute_async_script(RENDER, text_, [{"start": 2, "end": 25, "entry": label}])
    marks = re.findall(r"<mark[^>]*>(.*?)</mark>", made)
    assert marks == ["The sync", " is broken."]
    assert made.count("<button") == 1


@pytest.mark.parametrize(
    "sign", ["*", "_", "[", "![", "`", "> ", "- ", "|", "~~", "a*b ", "\n- x", "<a", "https://", "(["]
)
def test_no_text_takes_long(page: Chrome, sign: str) -> None:
    measured = "const at = performance.now();" + RENDER.replace(".whole.innerHTML", " && performance.now() - at")
    assert page.execute_async_script(measured, sign * (100_000 // len(sign)), []) < 3000


def test_who_has_signed_in_signs_out(page: Chrome, demo: str) -> None:
    with httpx2.Client(base_url=demo) as http:
        ticket = http.post("/api/tickets").json()["ticket"]
    page.get(f"{demo}/login?ticket={ticket}")
    until(page, lambda: "session" in text(page, "#where"))
    next(each for each in page.find_elements(By.TAG_NAME, "button") if each.text == "Sign out").send_keys(Keys.ENTER)
    until(page, lambda: page.find_element(By.ID, "token").is_displayed())
    page.get(f"{demo}/ui")
    until(page, lambda: text(page, "#where").endswith("local"))


def test_the_console_stays_empty(page: Chrome, demo: str) -> None:
    """Last: all that the tests above did is in it. A broken content security policy would stand here too."""
    page.get(f"{demo}/login")
    until(page, lambda: page.find_element(By.ID, "token").is_displayed())
    assert [entry for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
