"""`/docs` in a real browser: every operation of `/openapi.json`, found, read and sent; a plugin's words stay text."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from needlework.tests.http.browsers import PHONE, text, until
from needlework.tests.http.served import serving
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

HOSTILE = "<img src=x onerror='window.__hit=1'>"
PLUGIN = {
    "handlers.py": f'''
"""A topic whose words are markup, and whose record holds itself."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe


class Branch(msgspec.Struct):
    """A branch {HOSTILE} of branches."""

    name: str = "{HOSTILE}"
    branches: tuple["Branch", ...] = ()


class Grow(Message[Any], topic="tree.grow"):
    """Grow {HOSTILE}."""

    root: Branch
    height: int | None = None


@subscribe(Grow, runner="trees")
async def grow(message: Grow, ctx: Context) -> Any:
    """What was sent."""
    return {{"height": message.height, "name": message.root.name}}
''',
    "topics.toml": f"""
[runners.trees]
description = "Grows"

[topics."tree.grow"]
summary = "Grow {HOSTILE}"
permission = "permissionWorkspacesWrite"
route = "POST /api/tree"
reply = "result"
""",
}
Open = Callable[[str], Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a plugin whose words are markup."""
    folder = tmp_path_factory.mktemp("docs")
    plugin = folder / "plugins" / "tree"
    plugin.mkdir(parents=True)
    for name, content in PLUGIN.items():
        (plugin / name).write_text(content)
    with serving(folder, "--plugins", str(folder / "plugins")) as base:
        yield base


@pytest.fixture(scope="module")
def document(address: str) -> dict[str, Any]:
    """What the page is made from."""
    found: dict[str, Any] = httpx2.get(f"{address}/openapi.json").json()
    return found


@pytest.fixture
def open_docs(browser: Chrome, address: str) -> Open:
    """Opens the page with what stands behind `/docs`; gives the operation that is open, if one is."""

    def open_one(rest: str = "") -> Any:
        browser.get("about:blank")
        browser.get(f"{address}/docs{rest}")
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#list[aria-busy=false] .operation"))
        return next(iter(browser.find_elements(By.CSS_SELECTOR, ".operation[open]")), None)

    return open_one


def shown(browser: Chrome) -> list[str]:
    """The operations that are to be seen, as method and path."""
    script = "return [...document.querySelectorAll('.operation:not([hidden]) h3')].map((each) => each.textContent)"
    found: list[str] = browser.execute_script(script)
    return found


def write(row: Any, name: str, value: str) -> None:
    """Type `value` into a field."""
    row.find_element(By.NAME, name).send_keys(value)


def send(browser: Chrome, row: Any) -> str:
    """Press Send by keyboard; the status that came."""
    row.find_element(By.CSS_SELECTOR, "button[type=submit]").send_keys(Keys.ENTER)
    until(browser, lambda: row.find_elements(By.CSS_SELECTOR, ".answer .status"))
    return str(row.find_element(By.CSS_SELECTOR, ".answer .status").text)


def test_every_operation_of_the_document_is_there_once_in_its_group(
    browser: Chrome, open_docs: Open, document: dict[str, Any]
) -> None:
    open_docs("")
    told = {
        f"{method.upper()} {path}": each for path, ways in document["paths"].items() for method, each in ways.items()
    }
    assert sorted(shown(browser)) == sorted(told)
    found: list[tuple[str, list[str]]] = browser.execute_script(
        "return [...document.querySelectorAll('.group')].map((group) =>"
        " [group.querySelector('h2').id, [...group.querySelectorAll('h3')].map((each) => each.textContent)])"
    )
    groups = dict(found)
    assert groups.keys() == {f"group-{tag['name']}" for tag in document["tags"]}
    assert all(
        told[name]["tags"] == [group.removeprefix("group-")] for group, names in groups.items() for name in names
    )
    assert list(groups)[-1] == "group-pages"  # nobody calls them


def test_words_and_groups_narrow_it_and_stand_in_the_address(browser: Chrome, open_docs: Open) -> None:
    open_docs("")
    browser.find_element(By.TAG_NAME, "body").send_keys("/")
    browser.switch_to.active_element.send_keys("dead POST")
    until(browser, lambda: text(browser, "#told") == "2 operations")
    assert shown(browser) == ["POST /api/internal/dead/purge", "POST /api/internal/dead/redrive"]
    assert browser.current_url.endswith("/docs?q=dead+POST")
    open_docs("?q=list+search&group=note")
    assert shown(browser) == ["GET /api/notes"]
    browser.find_element(By.NAME, "q").send_keys(" nowhere")
    until(browser, lambda: "Nothing fits" in text(browser, "#list .empty"))
    assert open_docs("?q=nowhere#note.read").find_element(By.TAG_NAME, "h3").text.endswith("/api/notes/{id}")


def test_one_is_read_and_sent_by_keyboard_alone(browser: Chrome, open_docs: Open) -> None:
    open_docs("?q=account.list")
    browser.find_element(By.TAG_NAME, "body").send_keys("/")
    for _ in range(2):  # the group, then the operation
        browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    row = browser.find_element(By.CSS_SELECTOR, ".operation[open]")
    assert browser.current_url.endswith("#account.list")
    limit = next(each for each in row.find_elements(By.CSS_SELECTOR, ".field") if "limit" in each.text)
    assert "whole number\n1 to 500; default: 50" in limit.text
    assert "permissionRead" in row.text
    assert "Only reads." in row.text
    write(row, "query.limit", "3")
    assert send(browser, row).startswith("200 OK")
    assert json.loads(row.find_element(By.CSS_SELECTOR, ".answer pre").text) == {"items": [], "next_cursor": None}
    assert "x-request-id" in row.find_element(By.CSS_SELECTOR, ".answer .headers").text
    assert "/api/accounts?limit=3'" in row.find_element(By.CSS_SELECTOR, ".curl").text


def test_what_is_written_in_the_fields_is_sent_and_shown_as_curl(
    browser: Chrome, open_docs: Open, address: str
) -> None:
    row = open_docs("#tasks.create")
    warning = row.find_element(By.CSS_SELECTOR, ".warning").text
    assert "May change data" in warning
    assert "default" in warning
    write(row, "body.title", "Ada's 1 task")
    assert send(browser, row).startswith("200 OK")
    made = json.loads(row.find_element(By.CSS_SELECTOR, ".answer pre").text)
    assert httpx2.get(f"{address}/api/tasks/{made['id']}").json()["title"] == "Ada's 1 task"
    curl = row.find_element(By.CSS_SELECTOR, ".curl").text
    assert curl.startswith(f"curl -X POST '{address}/api/tasks'")
    assert """-d '{"title": "Ada'\\''s 1 task"}'""" in curl


def test_a_wrong_field_is_told_before_it_is_sent_and_a_problem_after(browser: Chrome, open_docs: Open) -> None:
    row = open_docs("#tree.grow")
    write(row, "body.root", "{oh")
    row.find_element(By.CSS_SELECTOR, "button[type=submit]").send_keys(Keys.ENTER)
    field = row.find_element(By.NAME, "body.root")
    assert "no JSON" in str(field.get_property("validationMessage"))
    assert not row.find_elements(By.CSS_SELECTOR, ".answer .status")
    field.clear()
    key = row.find_element(By.NAME, "header.Idempotency-Key")
    key.send_keys("ключ", Keys.ENTER)  # which no browser sends
    assert "Latin" in str(key.get_property("validationMessage"))
    key.clear()
    write(row, "body.root", '{"name": 5}')
    assert send(browser, row).startswith("422")
    assert "root.name" in row.find_element(By.CSS_SELECTOR, ".answer pre").text
    row.find_element(By.CSS_SELECTOR, ".as-json input").send_keys(Keys.SPACE)
    whole = row.find_element(By.NAME, "body")
    assert json.loads(str(whole.get_property("value"))) == {"root": {"name": 5}}
    whole.clear()
    whole.send_keys('{"root": {}, "height": 7}')
    assert send(browser, row).startswith("200")
    assert json.loads(row.find_element(By.CSS_SELECTOR, ".answer pre").text) == {"height": 7, "name": HOSTILE}


def test_words_of_a_plugin_are_text_and_a_record_in_itself_opens_as_deep_as_one_likes(
    browser: Chrome, open_docs: Open
) -> None:
    row = open_docs("#tree.grow")
    for depth in range(3):
        closed = row.find_elements(By.CSS_SELECTOR, ".field details:not([open]) > summary")
        assert len(closed) == 1, depth
        closed[0].send_keys(Keys.ENTER)
        until(browser, lambda wanted=depth + 1: len(row.find_elements(By.CSS_SELECTOR, ".field .fields")) == wanted)
    assert row.text.count(HOSTILE) >= 5  # the summary, the topic's words, and a branch's three times
    assert not row.find_elements(By.CSS_SELECTOR, "img")
    assert browser.execute_script("return window.__hit") is None


def test_a_stream_is_shown_as_it_comes_and_closed_on_leaving(browser: Chrome, open_docs: Open, address: str) -> None:
    row = open_docs("#get_pubsub_events")
    write(row, "query.topic", "tree.grow")
    assert send(browser, row).startswith("200 OK")
    httpx2.post(f"{address}/api/tree", json={"root": {}}).raise_for_status()
    until(browser, lambda: "result #" in row.find_element(By.CSS_SELECTOR, ".stream").text)
    assert streams(address) == 1
    row.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    until(browser, lambda: row.get_attribute("open") is None)
    until(browser, lambda: streams(address) == 0)
    row.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert "Closed." in row.find_element(By.CSS_SELECTOR, ".answer").text


def streams(address: str) -> int:
    """How many streams the server has open."""
    lines = httpx2.get(f"{address}/metrics").text.splitlines()
    (found,) = (line for line in lines if line.startswith("needlework_http_streams"))
    return int(float(found.split()[-1]))


def test_events_can_be_asked_for_where_there_is_an_answer_too(browser: Chrome, open_docs: Open) -> None:
    row = open_docs("#tree.grow")
    write(row, "body.root", "{}")
    Select(row.find_element(By.NAME, "accept")).select_by_value("text/event-stream")
    assert "curl -N -X POST" in row.find_element(By.CSS_SELECTOR, ".curl").text
    assert send(browser, row).startswith("200 OK")
    until(browser, lambda: "The stream has ended." in row.find_element(By.CSS_SELECTOR, ".answer").text)
    events = [each.text.split()[0] for each in row.find_elements(By.CSS_SELECTOR, ".stream li")]
    assert (events[0], events[-1]) == ("accepted", "result")


def test_each_opens_without_a_mistake_and_fits_a_phone(browser: Chrome, open_docs: Open) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        open_docs("")
        browser.get_log("browser")
        ours = ".group:not([aria-labelledby=group-pages]) .operation"
        browser.execute_script(f"for (const each of document.querySelectorAll('{ours}')) each.open = true")
        built = f"return [...document.querySelectorAll('{ours}')].every((each) => each.querySelector('.answers'))"
        until(browser, lambda: browser.execute_script(built))
        assert browser.execute_script("return document.documentElement.scrollWidth") == PHONE["width"]
        outside = browser.execute_script(
            "return [...document.querySelectorAll('.inside :is(p, pre, legend, input, select, textarea, button, dd)')]"
            ".filter((each) => each.getBoundingClientRect().right > arguments[0]).map((each) => each.outerHTML)",
            PHONE["width"],
        )
        assert outside == []
        assert browser.get_log("browser") == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_who_is_not_signed_in_is_asked_to_and_who_may_not_is_told(
    browser: Chrome, open_docs: Open, address: str
) -> None:
    made = httpx2.post(f"{address}/api/tokens", json={"name": "reader", "permissions": ["permissionRead"]}).json()
    browser.get(f"{address}/login")
    browser.add_cookie({"name": f"nw_s_{address.rpartition(':')[2]}", "value": "nobody"})
    try:
        browser.get(f"{address}/docs")
        until(browser, lambda: browser.current_url == f"{address}/login")
        browser.find_element(By.ID, "token").send_keys(made["token"], Keys.ENTER)
        until(browser, lambda: browser.current_url == f"{address}/ui")
        row = open_docs("#tree.grow")
        assert "You lack it." in row.text
        write(row, "body.root", "{}")
        assert send(browser, row).startswith("403")
    finally:
        browser.delete_all_cookies()
