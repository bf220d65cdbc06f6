"""The system's Chromium for tests, and waiting for what its page does."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE = 60
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
    WebDriverWait(browser, PATIENCE, 0.05).until(lambda _: what())
