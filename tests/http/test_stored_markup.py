"""Whatever stands in a field, a page shows it as text: nothing of it runs, nothing is loaded from elsewhere (S6)."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import httpx2
import pytest
from needlework.tests.fakes import served
from needlework.tests.http.browsers import text, until
from needlework.tests.http.payloads import HIT, payloads
from needlework.tests.http.served import serving
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

COUNT = 200
PLUGIN = {
    "handlers.py": '''
"""A topic whose handler fails with what it is told."""

from needlework.bus.context import Context

from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe


class Fail(Message[None], topic="failing.fail"):
    """Fail."""

    text: str


@subscribe(Fail, runner="failing")
async def fail(message: Fail, ctx: Context) -> None:
    """As it is told."""
    raise RuntimeError(message.text)
''',
    "topics.toml": """
[runners.failing]
description = "Fails"

[topics."failing.fail"]
summary = "Fail"
permission = "permissionWorkspacesWrite"
retry = { attempts = 1 }
""",
}
FORBIDDEN = "img, iframe, object, embed, script, style, link, meta, base, video, audio, math, form[action], [onerror]"


class Far(BaseHTTPRequestHandler):
    """Elsewhere: notes whatever is asked of it."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Note it."""
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        """Not to the terminal."""


@pytest.fixture(scope="module")
def far() -> Iterator[str]:
    """The address of elsewhere."""
    with served(Far) as address:
        yield address


@pytest.fixture(scope="module")
def texts(far: str) -> list[str]:
    """The payloads."""
    return list(payloads(far))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Iterator[str]:
    """A server whose every field holds one of the payloads, each payload in each kind of field."""
    folder = tmp_path_factory.mktemp("marked")
    plugin = folder / "plugins" / "failing"
    plugin.mkdir(parents=True)
    for name, content in PLUGIN.items():
        (plugin / name).write_text(content)
    with serving(folder, "--plugins", str(folder / "plugins")) as base:
        with httpx2.Client(base_url=base, timeout=120) as http:
            fill(http, texts)
        yield base


def fill(http: Any, texts: list[str]) -> None:
    """Put the payloads everywhere, and wait until they are."""
    messages: list[tuple[str, dict[str, Any]]] = []
    for number, text_ in enumerate(texts):
        whose = {"account_id": f"acct_{number}"}
        person = {"name": text_, "email": "a@b.example"}
        said = {"text": text_, "sender": person, "attachments": [{"name": text_}], "external_id": text_}
        messages += [
            (
                "account.ingest",
                {"id": f"acct_{number}", "name": text_, "plan": text_, "owner_id": text_, "domains": []},
            ),
            ("user.ingest", {"external_id": f"{number}", "name": text_, "emails": [text_], "status": text_, **whose}),
            ("conversation.ingest", {"subject": text_, "participants": [person], "messages": [said], **whose}),
            ("note.ingest", {"title": text_, "body_md": f"# {text_}\n\n{text_}\n\n- {text_}\n", "author": text_}),
            ("meeting.ingest", {"title": text_, "attendees": [person], "start": "2026-01-02T03:04:05Z"}),
            ("tasks.create", {"title": text_, "body": text_, "assignee": text_, **whose}),
            ("reports.create", {"query": "runner_health", "name": text_, "schedule": "manual"}),
            ("failing.fail", {"text": text_}),
        ]
        mover = {"title": text_, "kind": "risk", "description": text_, "summary_user": text_, "owner_id": text_}
        messages.append(("needle_movers.create", mover))
    for runner in ("conversation_note_analysis_processor", "tasks"):  # what they find is not what is shown here
        http.post(f"/api/internal/runners/{runner}/pause")
    for topic in dict.fromkeys(topic for topic, _ in messages):
        items = [{"topic": topic, "data": data} for each, data in messages if each == topic]
        answer = http.post("/api/internal/pubsub/publish", json=items)
        assert answer.status_code == 200, answer.text[:500]
    end = time.monotonic() + 120
    while any((counts := http.get("/api/internal/counts").json())[topic]["unfinished"] for topic, _ in messages[:9]):
        assert time.monotonic() < end, counts
    assert len(http.get("/api/internal/dead?limit=500").json()["items"]) == COUNT


def check(browser: Chrome, far: str) -> None:
    """Nothing on the page ran, was made into markup, or leads anywhere but to a page or a mail."""
    assert browser.execute_script("return window.__hit") is None
    assert (
        browser.execute_script("return document.querySelectorAll(`main :is(${arguments[0]})`).length", FORBIDDEN) == 0
    )
    schemes = browser.execute_script("return [...new Set([...document.links].map((each) => each.protocol))]")
    assert set(schemes) <= {"http:", "https:", "mailto:"}
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)")
    assert [each for each in loaded if each.startswith(far)] == []


PAGES = {
    "users": ("article h2", "article .quiet", "article .account"),
    "conversations": ("article h2", "article .who b", "article .said .words", "article .account"),
    "notes": ("article h2",),
    "meetings": ("article h2",),
    "tasks": ("article h2", "article .words", "article .account"),
    "needle_movers": ("article h2", "article .words"),
    "reports": ("article h2",),
    "dead": ("article .words",),
    "messages": (),
}


def test_there_are_two_hundred(texts: list[str]) -> None:
    assert len(set(texts)) == COUNT


def missing(browser: Chrome, place: str, texts: list[str]) -> list[str]:
    """Which payloads stand nowhere at this place; what changes meanwhile is put there again."""
    script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)"
    found = browser.execute_script(script, place)
    return [one for one in texts if not any(one in each for each in found)]


@pytest.mark.parametrize("name", PAGES)
def test_what_is_stored_is_shown_as_text(browser: Chrome, address: str, texts: list[str], far: str, name: str) -> None:
    browser.get(f"{address}/ui/{name}?limit={COUNT}&when=all")
    until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#list > article")) == COUNT)
    for place in PAGES[name]:
        until(browser, lambda place=place: missing(browser, place, texts) == [])
    check(browser, far)


def test_markdown_shows_every_letter_that_is_no_sign(browser: Chrome, address: str, texts: list[str], far: str) -> None:
    """The words of what is markup elsewhere stand in the notes; signs of Markdown itself may go."""
    browser.get(f"{address}/ui/notes?limit={COUNT}")
    until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#list > article")) == COUNT)
    proses = browser.execute_script("return [...document.querySelectorAll('.prose')].map((each) => each.textContent)")
    for one in texts:
        words = next(part for part in (HIT, far) if part in one)
        assert any(prose.count(words) >= 3 for prose in proses), one
    check(browser, far)


def test_each_single_page_and_an_error_show_text(browser: Chrome, address: str, far: str) -> None:
    """And the list of accounts, which asks too much for 200 at once; their names stand on the others."""
    with httpx2.Client(base_url=address) as http:
        mover = http.get("/api/v2/needle_movers?limit=1").json()["items"][0]["id"]
        dead = http.get("/api/internal/dead?limit=1").json()["items"][0]["message_id"]
    for place in (f"needle_movers#{mover}", f"messages#{dead}", "accounts", "accounts#acct_2"):
        browser.get("about:blank")
        browser.get(f"{address}/ui/{place}")
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#list article"))
        check(browser, far)
    browser.get("about:blank")
    browser.get(f"{address}/ui/notes#%3Cimg%20src=x%20onerror={HIT}%3E")
    until(browser, lambda: "no note" in text(browser, "#message"))
    assert "<img" in text(browser, "#message")
    check(browser, far)


def test_the_overview_shows_text_while_it_happens(browser: Chrome, address: str, texts: list[str], far: str) -> None:
    browser.get(f"{address}/ui")
    until(browser, lambda: text(browser, "#live") == "live" and browser.find_elements(By.CSS_SELECTOR, "#dead li"))
    with httpx2.Client(base_url=address) as http:
        http.post("/api/internal/pubsub/publish", json={"topic": "failing.fail", "data": {"text": texts[2]}})
    until(browser, lambda: "failing.fail" in text(browser, "#events"))
    check(browser, far)


def test_dead_letters_that_fit_go_again_after_a_preview_and_stop_where_they_fail(
    browser: Chrome, address: str, texts: list[str], far: str
) -> None:
    browser.get(f"{address}/ui/dead?error=onload")
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#list > article"))
    fits = sum("onload" in one for one in texts)
    press = (
        "return [...document.querySelectorAll('#tools button')].find((each) => each.textContent.startsWith('Redrive'))"
    )
    browser.execute_script(press).send_keys(Keys.ENTER)
    until(browser, lambda: browser.find_element(By.CSS_SELECTOR, "dialog[open]").is_displayed())
    assert text(browser, "dialog h2") == f"Redrive {fits} dead letters?"
    assert "1 × failing.fail: RuntimeError: " in text(browser, "dialog p")
    check(browser, far)
    browser.find_element(By.CSS_SELECTOR, "dialog .grave").send_keys(Keys.ENTER)
    until(browser, lambda: "stopped before the end" in text(browser, "#tools .meter"))
    assert "10 failed again" in text(browser, "#tools .meter")


def test_nothing_was_asked_of_elsewhere_and_no_policy_was_broken(browser: Chrome) -> None:
    """Last: over all pages above. 404 of the note that is none is the only line."""
    log = [each["message"] for each in browser.get_log("browser") if each["level"] in ("SEVERE", "WARNING")]
    assert [each for each in log if "404" not in each] == []
    assert Far.asked == []
