"""What a person decides on the pages, with the keyboard alone: labels, tasks, evidence, actions; and the way back."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from needlework.tests.http.browsers import found_what_matters, opener, text, until, wait
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

V2 = "/api/v2/needle_movers"
Open = Callable[..., Chrome]


@pytest.fixture(scope="module")
def http(demo: str) -> Iterator[Any]:
    """The demo, when its labels have become needle movers."""
    with httpx2.Client(base_url=demo, timeout=60) as client:
        found_what_matters(client)
        yield client


@pytest.fixture
def open_page(browser: Chrome, demo: str, http: Any) -> Open:
    """Open a page and wait for its cards."""
    return opener(browser, demo)


def press(browser: Chrome, *keys: str) -> None:
    """Press keys, wherever the focus is."""
    ActionChains(browser).send_keys(*keys).perform()


def focused(browser: Chrome) -> str:
    """What the focus is on, in words."""
    here = browser.switch_to.active_element
    return str(here.get_attribute("aria-label") or here.text)


def told(browser: Chrome) -> str:
    """What was said last to whoever can't see the page change."""
    return text(browser, ".teller [role=status]")


def state_of(http: Any, id_: str, content: str) -> str:
    """The state of a label of one conversation."""
    found = http.get("/api/content_labels", params={"content_id": content, "limit": 500}).json()["items"]
    return next((str(each["state"]) for each in found if each["id"] == id_), "rejected")


def test_labels_are_confirmed_and_rejected_and_given_back_by_keys(open_page: Open, http: Any) -> None:
    labels = http.get("/api/conversations?label=churn_risk&limit=1").json()["items"][0]
    one = http.get(f"/api/conversations/{labels['id']}").json()
    page = open_page(f"conversations#{one['id']}")
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "button.chip"))
    press(page, "j")
    first = focused(page)
    assert first.endswith(", not decided")
    press(page, "y")
    until(page, lambda: told(page).endswith("confirmed."))
    assert focused(page) == first.replace("not decided", "confirmed")
    states = {each["id"]: state_of(http, each["id"], one["id"]) for each in one["labels"]}
    confirmed = [id_ for id_, state in states.items() if state == "confirmed"]
    assert len(confirmed) == 1
    press(page, "u")
    until(page, lambda: "given back" in told(page))
    assert state_of(http, confirmed[0], one["id"]) == "machine"
    press(page, "n")
    until(page, lambda: told(page).endswith("rejected."))
    assert state_of(http, confirmed[0], one["id"]) == "rejected"
    press(page, "k")  # there is none before it
    assert focused(page) == first.replace("not decided", "rejected")
    press(page, "u")
    until(page, lambda: focused(page) == first)


def test_a_press_on_a_label_opens_what_it_means_and_the_choice(open_page: Open) -> None:
    page = open_page("conversations?label=question")
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "button.chip"))
    chip = page.find_element(By.CSS_SELECTOR, "button.chip")
    assert chip.get_attribute("aria-expanded") == "false"
    chip.send_keys(Keys.ENTER)
    assert chip.get_attribute("aria-expanded") == "true"
    assert [each.text for each in page.find_elements(By.CSS_SELECTOR, ".choice button")] == ["Confirm", "Reject"]
    assert "% sure" in text(page, ".choice")
    page.find_element(By.CSS_SELECTOR, ".choice button").send_keys(Keys.ENTER)
    until(page, lambda: "confirmed" in told(page) and not page.find_elements(By.CSS_SELECTOR, ".choice"))


def test_the_keys_are_told_and_letters_in_a_field_are_letters(open_page: Open) -> None:
    page = open_page("tasks")
    press(page, "?")
    until(page, lambda: page.find_element(By.CSS_SELECTOR, "dialog[open]").is_displayed())
    assert {"j", "k", "y", "n", "u", "?"} <= {each.text for each in page.find_elements(By.TAG_NAME, "kbd")}
    press(page, Keys.ESCAPE)
    until(page, lambda: not page.find_elements(By.TAG_NAME, "dialog"))
    press(page, "/")
    press(page, "jyn")
    assert page.switch_to.active_element.get_attribute("value") == "jyn"


def test_a_task_is_accepted_and_the_acceptance_taken_back(open_page: Open, http: Any) -> None:
    page = open_page("tasks?status=suggested")
    task = http.get("/api/tasks?status=suggested&limit=1").json()["items"][0]
    press(page, "j")
    assert focused(page) == task["title"]
    press(page, "y")
    until(page, lambda: "is open" in told(page))
    assert http.get(f"/api/tasks/{task['id']}").json()["status"] == "open"
    press(page, "u")
    until(page, lambda: "suggestion again" in told(page))
    assert http.get(f"/api/tasks/{task['id']}").json()["status"] == "suggested"
    press(page, "n")
    until(page, lambda: "is dismissed" in told(page))
    assert focused(page) == task["title"]  # whoever uses keys keeps their place
    assert http.get(f"/api/tasks/{task['id']}").json()["status"] == "dismissed"


@pytest.fixture(scope="module")
def mover(http: Any) -> str:
    """One that somebody owns and took up: what follows from it was done where it can be undone, the rest waits."""
    id_ = http.get(V2).json()["items"][0]["id"]
    http.put(f"{V2}/{id_}", json={"status": "active", "owner_id": "ada"})
    wait(lambda: {"proposed", "executed"} <= {each["status"] for each in actions(http, id_)})
    return str(id_)


def actions(http: Any, mover: str) -> list[dict[str, Any]]:
    """What follows from a needle mover."""
    found: list[dict[str, Any]] = http.get(f"{V2}/{mover}/actions").json()["items"]
    return found


def go_to(browser: Chrome, id_: str) -> None:
    """Press j until the focus is on something."""
    for _ in range(60):
        if browser.switch_to.active_element.get_attribute("id") == id_:
            return
        press(browser, "j")
    raise AssertionError(f"j does not lead to {id_}")


def test_a_proposed_action_is_approved_by_keys(open_page: Open, http: Any, mover: str) -> None:
    page = open_page("needle_movers?status=active")
    page.find_element(By.PARTIAL_LINK_TEXT, "for you").send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, ".action-proposed"))
    waiting = next(each for each in actions(http, mover) if each["status"] == "proposed")
    go_to(page, waiting["id"])
    press(page, "y")
    until(page, lambda: "done" in text(page, f"#{waiting['id']} .state"))
    assert page.switch_to.active_element.get_attribute("id") == waiting["id"]
    now = next(each for each in actions(http, mover) if each["id"] == waiting["id"])
    assert (now["status"], now["decided_by"]) == ("executed", "local")


def test_an_action_that_was_done_is_undone_by_keys(open_page: Open, http: Any, mover: str) -> None:
    page = open_page(f"needle_movers#{mover}")
    done = next(each for each in actions(http, mover) if each["type"] == "create_task")
    go_to(page, done["id"])
    press(page, "n")
    until(page, lambda: "taken back" in text(page, f"#{done['id']} .state"))
    assert next(each for each in actions(http, mover) if each["id"] == done["id"])["status"] == "undone"


def test_a_proposed_action_is_dismissed(open_page: Open, http: Any) -> None:
    other = http.get(V2).json()["items"][1]["id"]
    http.put(f"{V2}/{other}", json={"status": "active", "owner_id": "ada"})
    wait(lambda: any(each["status"] == "proposed" for each in actions(http, other)))
    page = open_page(f"needle_movers#{other}")
    waiting = next(each for each in actions(http, other) if each["status"] == "proposed")
    place = f"#{waiting['id']}"
    next(each for each in page.find_elements(By.CSS_SELECTOR, f"{place} button") if each.text == "Dismiss").click()
    until(page, lambda: "taken back" in text(page, f"{place} .state"))
    assert next(each for each in actions(http, other) if each["id"] == waiting["id"])["status"] == "undone"


def test_the_parts_of_an_impact_and_its_weeks_are_drawn_and_told(open_page: Open, http: Any, mover: str) -> None:
    page = open_page(f"needle_movers#{mover}")
    told_ = [each.get_attribute("aria-label") for each in page.find_elements(By.CSS_SELECTOR, ".breakdown svg")]
    parts = http.get(f"{V2}/{mover}").json()["impact_breakdown"]
    assert [str(each).split(":")[0] for each in told_] == list(parts["components"])
    assert all(str(each).endswith(" points") for each in told_)
    assert "churn" in text(page, ".breakdown .gap")
    weeks = str(page.find_element(By.CSS_SELECTOR, ".weekly svg").get_attribute("aria-label"))
    counts = [int(each) for each in weeks.rpartition(": ")[2].split(", ")]
    assert len(counts) == 12
    assert sum(counts) == http.get(f"{V2}/{mover}").json()["evidence"]["linked"]  # the demo is of ninety days


def test_a_summary_is_written_anew_and_its_numbers_lead_to_what_was_said(open_page: Open, mover: str) -> None:
    page = open_page(f"needle_movers#{mover}")
    next(each for each in page.find_elements(By.TAG_NAME, "button") if "summary anew" in each.text).send_keys(
        Keys.ENTER
    )
    until(page, lambda: "the impact" in told(page) and page.find_elements(By.CSS_SELECTOR, ".words a"))
    cited = page.find_element(By.CSS_SELECTOR, ".words a")
    said = " ".join(str(cited.get_attribute("title")).split())
    cited.send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, ".target"))
    assert said in " ".join(text(page, ".target").split())


def test_a_needle_mover_is_merged_after_a_question(open_page: Open, http: Any) -> None:
    first, last = (http.get(V2).json()["items"][place]["id"] for place in (0, -1))
    page = open_page(f"needle_movers#{last}")
    fold = next(each for each in page.find_elements(By.TAG_NAME, "summary") if "same as another" in each.text)
    fold.send_keys(Keys.ENTER)
    page.find_element(By.CSS_SELECTOR, ".merge button").send_keys(Keys.ENTER)
    until(page, lambda: page.find_element(By.CSS_SELECTOR, "dialog[open]").is_displayed())
    assert focused(page) == "Cancel"
    page.find_element(By.CSS_SELECTOR, "dialog .grave").send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.ID, first))
    assert http.get(f"{V2}/{last}").json()["merged_into"] == first


def test_all_are_deleted_after_a_question_and_brought_back(open_page: Open, http: Any) -> None:
    before = {each["id"] for each in http.get(V2).json()["items"]}
    page = open_page("needle_movers")
    page.find_element(By.CSS_SELECTOR, "#foot details:last-of-type summary").send_keys(Keys.ENTER)
    page.find_element(By.CSS_SELECTOR, "#foot details:last-of-type .actions button").send_keys(Keys.ENTER)
    until(page, lambda: page.find_element(By.CSS_SELECTOR, "dialog[open]").is_displayed())
    page.find_element(By.CSS_SELECTOR, "dialog .grave").send_keys(Keys.ENTER)
    until(page, lambda: "deleted" in told(page))
    press(page, "u")
    until(page, lambda: "brought back" in told(page))
    assert {each["id"] for each in http.get(V2).json()["items"]} >= before


def test_a_runner_is_held_and_let_go_on_by_its_page(open_page: Open, http: Any) -> None:
    page = open_page("runners?q=reports")
    page.find_element(By.CSS_SELECTOR, "[aria-label='Pause reports']").send_keys(Keys.ENTER)
    until(page, lambda: focused(page) == "Resume reports")  # in the card that took the place of the one before
    held = next(each for each in http.get("/api/internal/runners").json()["items"] if each["id"] == "reports")
    assert held["paused"]
    press(page, "u")
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "[aria-label='Pause reports']"))
    page.find_element(By.CSS_SELECTOR, "[aria-label='Run reports now']").send_keys(Keys.ENTER)
    until(page, lambda: "processed" in told(page))


def test_a_topic_is_held_and_one_is_published_from_its_form(open_page: Open, http: Any) -> None:
    page = open_page("topics?q=note.ingest")
    page.find_element(By.CSS_SELECTOR, "[aria-label='Pause note.ingest']").send_keys(Keys.ENTER)
    until(page, lambda: text(page, "article h2 .state") == "held")
    press(page, "u")
    until(page, lambda: not page.find_elements(By.CSS_SELECTOR, "article h2 .state"))
    page.find_elements(By.TAG_NAME, "summary")[-1].send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.NAME, "body_md"))
    page.find_element(By.NAME, "title").send_keys("From a form")
    page.find_element(By.NAME, "body_md").send_keys("It is *written* down.", Keys.ENTER)
    until(page, lambda: page.find_elements(By.LINK_TEXT, "Follow it"))
    wait(lambda: any(each["title"] == "From a form" for each in http.get("/api/notes?limit=3").json()["items"]))


def test_a_report_is_added_made_and_read(open_page: Open, http: Any) -> None:
    http.post("/api/reports", json={"query": "label_trends", "schedule": "manual"})
    page = open_page("reports")
    page.find_element(By.CSS_SELECTOR, "[aria-label='Make Label trends now']").send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "article.report table"))
    names = [each.text for each in page.find_elements(By.CSS_SELECTOR, "article.report button")]
    assert names == ["Save as Markdown", "Save as HTML", "Save as JSON", "Print"]
    assert not [each for each in page.get_log("browser") if each["level"] in ("SEVERE", "WARNING")]
