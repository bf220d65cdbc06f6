"""The system's Chromium for tests: waiting for what a page or its server does, and what a phone would show."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE = 120
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
HINT = "the pages are tested in a real browser; on Debian: apt-get install chromium chromium-driver"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # it can't be had as root, and the pages are ours
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)


def chromium(folder: Path, *more: str) -> Chrome:
    """The system's Chromium with its profile in `folder` and `more` arguments; selenium is not asked to fetch one."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.fail(HINT)
    options = Options()
    options.binary_location = program
    for argument in (*ARGUMENTS, f"--user-data-dir={folder}", *more):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options=options, service=Service(driver))


def until(browser: Chrome, what: Callable[[], Any]) -> None:
    """Wait for something on the page."""
    gone = (StaleElementReferenceException, NoSuchElementException)  # the page is putting another in its place
    WebDriverWait(browser, PATIENCE, 0.05, ignored_exceptions=gone).until(lambda _: what())


def wait(what: Callable[[], Any]) -> None:
    """Until something holds; each look asks the server."""
    for _ in range(5000):
        if what():
            return
    raise AssertionError("it did not come")


def found_what_matters(http: Any) -> None:
    """Until the labels of the demo have become needle movers."""
    wait(lambda: idle(http))
    http.post("/api/internal/pubsub/publish", json={"topic": "needle_mover_scheduler", "key": {}, "data": {}})
    wait(lambda: idle(http) and len(http.get("/api/v2/needle_movers").json()["items"]) >= 3)


def opener(browser: Chrome, demo: str) -> Callable[[str], Chrome]:
    """Opens a page and waits for its cards."""

    def open_one(place: str) -> Chrome:
        browser.get("about:blank")
        browser.get(f"{demo}/ui/{place}")
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#list article"))
        return browser

    return open_one


def text(browser: Chrome, place: str) -> str:
    """The text of the first element at a CSS selector."""
    return str(browser.find_element(By.CSS_SELECTOR, place).text)


def too_wide(browser: Chrome) -> list[str]:
    """What a phone shows outside its width (but for tables that scroll by themselves); the page's own width first."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        outside = browser.execute_script(
            "return [...document.querySelectorAll('article, button, select, input, header *, article *, .totals *')]"
            ".filter((each) => !each.closest('.wide') && each.getBoundingClientRect().right > arguments[0])"
            ".map((each) => each.outerHTML)",
            PHONE["width"],
        )
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return [*([] if wide == PHONE["width"] else [f"the page: {wide}"]), *outside]


def idle(http: Any) -> bool:
    """Nothing runs, and nothing is due: what is meant for later may wait."""
    counts = http.get("/api/internal/counts").json()
    if any(each["running"] for each in counts.values()):
        return False
    waiting = [topic for topic, each in counts.items() if each["waiting"]]
    now = datetime.now(UTC).isoformat()
    return all(each["due"] > now for topic in waiting for each in _waiting(http, topic))


def _waiting(http: Any, topic: str) -> list[dict[str, Any]]:
    query = {"topic": topic, "state": "waiting", "limit": 500}
    found: list[dict[str, Any]] = http.get("/api/internal/pubsub/messages", params=query).json()["items"]
    return found
