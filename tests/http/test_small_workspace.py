"""The pages of a workspace that is empty at first, then has a handful of mails, in a real browser."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from needlework.tests.http.browsers import idle, text, until, wait
from needlework.tests.http.served import serving
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

SAID = {
    "acme": "The CSV export fails with an error whenever there are more than 1,000 rows.",
    "blue": "CSV export crashes with an error as soon as the table has many rows.",
    "cato": "We can't export to CSV: the export stops with an error for large tables.",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with nothing in it; the tests below fill it, one after the other."""
    with serving(tmp_path_factory.mktemp("small")) as address:
        yield address


@pytest.fixture
def http(small: str) -> Iterator[Any]:
    with httpx2.Client(base_url=small, timeout=60) as client:
        yield client


def shown(page: Chrome, place: str) -> bool:
    return page.find_element(By.CSS_SELECTOR, place).is_displayed()


def test_an_empty_workspace_says_what_to_do_first(browser: Chrome, small: str) -> None:
    """A first user saw tables of zeros, and buttons for what was not there."""
    browser.get(f"{small}/ui")
    until(browser, lambda: shown(browser, "#begin"))
    assert "needlework import" in text(browser, "#begin")
    until(browser, lambda: shown(browser, "#no-work"))
    assert [each for each in ("#needs-title", "#analyse", "#totals", "#some-topics") if shown(browser, each)] == []


def test_lists_of_nobody_say_how_customers_come_in(browser: Chrome, small: str) -> None:
    for name in ("accounts", "users"):
        browser.get(f"{small}/ui/{name}")
        until(browser, lambda name=name: f"POST /api/{name}" in text(browser, ".empty"))
        assert f"needlework import {name}.csv" in text(browser, ".empty")


def test_what_comes_in_is_there_without_a_reload(browser: Chrome, small: str, http: Any) -> None:
    browser.get(f"{small}/ui")
    until(browser, lambda: shown(browser, "#begin") and text(browser, "#live") == "live")
    said = [
        {"external_id": name, "messages": [{"text": words, "sender": f"someone@{name}.test"}]}
        for name, words in SAID.items()
    ]
    http.post("/api/conversations", json=said).raise_for_status()
    until(browser, lambda: shown(browser, "#analyse") and not shown(browser, "#begin"))
    until(browser, lambda: "Bug" in text(browser, "#legend"))
    assert "task issue bug" not in text(browser, "main")
    one = browser.find_element(By.CSS_SELECTOR, "#conversations article")
    assert len(one.find_elements(By.TAG_NAME, "time")) == 1  # a single message says by itself when it was


def test_a_needle_mover_of_few_says_what_it_rests_on(browser: Chrome, small: str, http: Any) -> None:
    wait(lambda: idle(http))
    http.post("/api/internal/pubsub/publish", json={"topic": "needle_mover_scheduler", "key": {}, "data": {}})
    wait(lambda: idle(http) and http.get("/api/v2/needle_movers").json()["items"])
    mover = http.get("/api/v2/needle_movers").json()["items"][0]
    note = mover["impact_breakdown"]["note"]
    assert note == "no account is known: nothing to compare with"
    assert http.get("/api/v2/needle_movers/counts").json() == {"suggested": 1}
    browser.get(f"{small}/ui/needle_movers")
    until(browser, lambda: mover["title"] in text(browser, "#list h2"))
    assert note in text(browser, "#list figcaption")
    assert "no known account" in text(browser, "#list .about")


def test_matching_again_is_followed_to_its_end(browser: Chrome, small: str, http: Any) -> None:
    browser.get(f"{small}/ui/needle_movers")
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#list article"))
    fold = next(each for each in browser.find_elements(By.CSS_SELECTOR, "#foot summary") if each.text == "Match again")
    fold.send_keys(Keys.ENTER)
    button = next(each for each in browser.find_elements(By.CSS_SELECTOR, "#foot button") if each.text == "Match again")
    button.send_keys(Keys.ENTER)
    until(browser, lambda: text(browser, "#foot .meter p").startswith("Matched again: "))
    jobs = http.get("/api/internal/pubsub/messages?topic=needle_movers.reprocess").json()["items"]
    assert [each["state"] for each in jobs] == ["done"]
    result = http.get(f"/api/internal/pubsub/messages/{jobs[0]['id']}").json()["result"]
    assert f"{result['unchanged']} as before" in text(browser, "#foot .meter p")
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
