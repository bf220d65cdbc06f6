"""The page in a real browser: what people see, with the keyboard, on a phone, and nothing on the console."""

import re

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
    mark = page.find_element(By.CSS_SELECTOR, "mark")
    chip = page.find_element(By.CSS_SELECTOR, "mark + .chip")
    assert chip.text in str(mark.get_attribute("title"))
    assert chip.text in text(page, "#legend")
    times = [each.text for each in page.find_elements(By.CSS_SELECTOR, "article time")]
    assert times
    assert all(re.fullmatch(r"just now|\d+ (min|h|d) ago|.*\d{4}.*", each) for each in times)
    assert "Without a subject" not in text(page, "body")
    assert not re.search(r"\.\d{6}", text(page, "body"))


def test_it_says_what_waits_and_runs_first(page: Chrome) -> None:
    until(page, lambda: text(page, "#live") == "live")
    assert text(page, "#total-dead") == "0"
    assert "conversation_note_analysis" in text(page, "#topics")
    assert "ready" in text(page, "#runners")
    work, conversations = (page.find_element(By.ID, name).rect["y"] for name in ("work-title", "conversations-title"))
    assert work < conversations


def test_analyse_again_by_keyboard_counts_to_its_end(page: Chrome, demo: str) -> None:
    with httpx2.Client(base_url=demo) as http:
        until(page, lambda: idle(http))
    for _ in range(20):
        page.switch_to.active_element.send_keys(Keys.TAB)
        if page.switch_to.active_element.get_attribute("id") == "analyse":
            break
    page.switch_to.active_element.send_keys(Keys.ENTER)
    until(page, lambda: text(page, "#job-text").startswith("Done"))
    counted = re.fullmatch(r"Done: (\d+) of (\d+) analysed, 0 failed\.", text(page, "#job-text"))
    assert counted is not None
    assert counted[1] == counted[2] != "0"
    assert page.switch_to.active_element.get_attribute("id") == "analyse"  # whoever uses keys keeps their place
    until(page, lambda: "finished" in text(page, "#events"))


def test_a_phone_scrolls_down_only(page: Chrome) -> None:
    assert too_wide(page) == []


def test_the_console_stays_empty(page: Chrome, demo: str) -> None:
    """Last: all that the tests above did is in it. A broken content security policy would stand here too."""
    page.get(f"{demo}/login")
    until(page, lambda: page.find_element(By.ID, "token").is_displayed())
    assert [entry for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
