"""The pages that list one kind of thing, in a real browser: what they show, lead to, and let a person do."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from needlework.tests.http.browsers import found_what_matters, idle, opener, text, too_wide, until, wait
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

PAGES = (
    "needle_movers", "accounts", "users", "conversations", "meetings", "notes", "tasks", "reports", "runners", "topics",
    "messages",
)  # fmt: skip
Open = Callable[..., Chrome]


@pytest.fixture(scope="module")
def http(demo: str) -> Any:
    """The demo, when its labels have become needle movers."""
    with httpx2.Client(base_url=demo, timeout=60) as client:
        found_what_matters(client)
        report = client.post("/api/reports", json={"query": "needle_movers"}).json()["id"]
        client.post(f"/api/reports/{report}/run")
        wait(lambda: idle(client))
        yield client


@pytest.fixture
def open_page(browser: Chrome, demo: str, http: Any) -> Open:
    """Open one of the lists and wait for its cards."""
    return opener(browser, demo)


def press(browser: Chrome, place: str, name: str) -> None:
    """Press a button by keyboard."""
    button = next(each for each in browser.find_elements(By.CSS_SELECTOR, f"{place} button") if each.text == name)
    button.send_keys(Keys.ENTER)


def test_needle_movers_are_ranked_and_their_impact_adds_up(open_page: Open) -> None:
    page = open_page("needle_movers")
    cards = page.find_elements(By.CSS_SELECTOR, "article")
    scores = [int(card.find_element(By.CSS_SELECTOR, ".score").text) for card in cards]
    assert scores == sorted(scores, reverse=True)
    for card, score in zip(cards, scores, strict=True):
        bars = card.find_elements(By.CSS_SELECTOR, "rect")
        assert sum(float(str(bar.get_attribute("width"))) for bar in bars) == pytest.approx(score, abs=0.51)
        assert len(card.find_elements(By.CSS_SELECTOR, "figcaption .part")) == len(bars) >= 4
        assert card.find_elements(By.CSS_SELECTOR, ".quote a")


def test_accounts_are_ranked_by_revenue_and_found_by_their_domain(open_page: Open, http: Any) -> None:
    page = open_page("accounts?order=revenue")
    wanted = http.get("/api/accounts?order=revenue&limit=10").json()["items"]
    assert [each.text for each in page.find_elements(By.CSS_SELECTOR, "article h2")] == [
        each["name"] for each in wanted
    ]
    assert f"{wanted[0]['mrr']:,.0f} a month" in text(page, "article .about")
    tasks = http.get("/api/tasks", params={"account_id": wanted[0]["id"], "limit": 20}).json()["items"]
    open_ = sum(each["status"] in ("open", "in_progress") for each in tasks)
    suggested = sum(each["status"] == "suggested" for each in tasks)
    words = f"{open_} open task{'' if open_ == 1 else 's'}, {suggested} suggested"
    assert words in text(page, "article p:last-child"), "as many as there are"
    page.find_element(By.NAME, "q").send_keys("kestrel.example")
    until(page, lambda: len(page.find_elements(By.CSS_SELECTOR, "#list > article")) == 1)
    assert text(page, "article h2") == "Kestrel Radiology"
    count = http.get("/api/conversations", params={"account_id": wanted[4]["id"]}).json()["items"]
    link = page.find_element(By.PARTIAL_LINK_TEXT, f"{len(count)} conversations")
    link.send_keys(Keys.ENTER)
    until(page, lambda: len(page.find_elements(By.CSS_SELECTOR, "#list > article")) == len(count))
    assert {each.text for each in page.find_elements(By.CSS_SELECTOR, "article .about .account")} == {wanted[4]["name"]}


def test_an_account_leads_to_all_that_is_its_and_back(open_page: Open, http: Any) -> None:
    mover = http.get("/api/v2/needle_movers").json()["items"][0]
    page = open_page(f"needle_movers#{mover['id']}")
    link = page.find_element(By.CSS_SELECTOR, ".quote .account")
    name = link.text
    link.send_keys(Keys.ENTER)
    until(page, lambda: text(page, "article h2") == name)
    id_ = page.current_url.partition("#")[2]
    shown = {
        each.find_element(By.TAG_NAME, "h3").text: len(each.find_elements(By.CSS_SELECTOR, ".plain > li"))
        for each in page.find_elements(By.CSS_SELECTOR, "article section")
    }
    paths = {
        "People": "/api/users",
        "Needle movers": "/api/v2/needle_movers",
        "Tasks": "/api/tasks",
        "Conversations": "/api/conversations",
        "Meetings": "/api/meetings",
    }
    for title, path in paths.items():
        assert shown[title] == len(http.get(path, params={"account_id": id_, "limit": 20}).json()["items"]), title
    assert min(shown["People"], shown["Needle movers"], shown["Conversations"]) > 0
    assert too_wide(page) == []
    page.find_element(By.LINK_TEXT, mover["title"]).send_keys(Keys.ENTER)
    until(page, lambda: text(page, "article h2") == mover["title"])


def test_people_are_found_by_their_account(open_page: Open, http: Any) -> None:
    page = open_page("users")
    name = text(page, "article .account")
    Select(page.find_element(By.NAME, "account_id")).select_by_visible_text(name)
    until(page, lambda: "account_id=" in page.current_url)
    people = http.get(f"/api/users?{page.current_url.partition('?')[2]}").json()["items"]
    until(page, lambda: len(page.find_elements(By.CSS_SELECTOR, "#list > article")) == len(people))
    assert {each.text for each in page.find_elements(By.CSS_SELECTOR, "article .account")} == {name}
    assert people[0]["emails"][0] in text(page, "article")


def test_a_quote_leads_to_its_place(open_page: Open) -> None:
    page = open_page("needle_movers")
    link = page.find_element(By.CSS_SELECTOR, ".quote a")
    words = link.text
    link.send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, ".target"))
    assert words in text(page, ".target")
    assert len(page.find_elements(By.CSS_SELECTOR, "article")) == 1


def test_what_may_belong_is_decided_by_a_person(open_page: Open, http: Any) -> None:
    page = open_page("needle_movers")
    mover = next(each for each in http.get("/api/v2/needle_movers").json()["items"] if each["evidence"]["suggested"])
    card = next(each for each in page.find_elements(By.CSS_SELECTOR, "article") if mover["title"] in each.text)
    fold = next(each for each in card.find_elements(By.TAG_NAME, "summary") if "may belong" in each.text)
    fold.send_keys(Keys.ENTER)
    until(page, lambda: [each for each in card.find_elements(By.CSS_SELECTOR, "button") if each.text == "It does not"])
    shown = len(card.find_elements(By.CSS_SELECTOR, "details[open] .quote"))
    assert shown == mover["evidence"]["suggested"]
    next(each for each in card.find_elements(By.TAG_NAME, "button") if each.text == "It does not").send_keys(Keys.ENTER)
    until(page, lambda: len(card.find_elements(By.CSS_SELECTOR, "details[open] .quote")) == shown - 1)
    assert http.get(f"/api/v2/needle_movers/{mover['id']}").json()["evidence"]["rejected"] == 1


def test_a_needle_mover_is_taken_up_by_keyboard(open_page: Open, http: Any) -> None:
    page = open_page("needle_movers")
    first = http.get("/api/v2/needle_movers").json()["items"][0]
    assert first["status"] == "suggested"
    press(page, "article:first-child", "Take up")
    until(page, lambda: "active" in text(page, "article:first-child .headline"))
    assert http.get(f"/api/v2/needle_movers/{first['id']}").json()["status"] == "active"


def test_conversations_come_in_pages_each_once(open_page: Open, http: Any) -> None:
    page = open_page("conversations")
    assert len(page.find_elements(By.CSS_SELECTOR, "article")) == 10
    press(page, "section", "More")
    until(page, lambda: len(page.find_elements(By.CSS_SELECTOR, "article")) == 20)
    ids = [each.get_attribute("id") for each in page.find_elements(By.CSS_SELECTOR, "article")]
    assert ids == [each["id"] for each in http.get("/api/conversations?limit=20").json()["items"]]
    focused = page.switch_to.active_element
    assert focused.text == page.find_elements(By.CSS_SELECTOR, "article h2")[10].text


def test_conversations_are_found_by_words_and_label(open_page: Open, http: Any) -> None:
    page = open_page("conversations")
    Select(page.find_element(By.NAME, "label")).select_by_value("churn_risk")
    wanted = http.get("/api/conversations?label=churn_risk&limit=100").json()["items"]
    until(page, lambda: len(page.find_elements(By.CSS_SELECTOR, "article")) == min(10, len(wanted)))
    assert all("Churn risk" in each.text for each in page.find_elements(By.CSS_SELECTOR, "article"))
    page.find_element(By.NAME, "q").send_keys("Dunmore")
    until(page, lambda: 0 < len(page.find_elements(By.CSS_SELECTOR, "article")) < min(10, len(wanted)))


def test_a_meeting_leads_to_what_was_said_and_by_whom(open_page: Open) -> None:
    page = open_page("meetings")
    link = page.find_element(By.LINK_TEXT, "What was said")
    title = link.find_element(By.XPATH, "ancestor::article").find_element(By.TAG_NAME, "h2").text
    link.send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, ".said"))
    assert text(page, "article h2") == title
    speakers = {each.text for each in page.find_elements(By.CSS_SELECTOR, ".said .who b")}
    assert len(speakers) >= 3


def test_a_meeting_that_was_held_shows_its_summary(open_page: Open, http: Any) -> None:
    page = open_page("meetings")
    summaries = http.get("/api/notes?kind=meeting_summary&limit=100").json()["items"]
    assert len(summaries) == 8
    page.find_element(By.NAME, "q").send_keys("Roadmap")
    until(page, lambda: text(page, "article h2") == "Roadmap meeting")
    press(page, "article", "Show all")
    assert "Decisions" in text(page, "article")


def test_all_messages_of_a_long_conversation_are_shown_on_demand(open_page: Open) -> None:
    page = open_page("conversations")
    button = next(each for each in page.find_elements(By.CSS_SELECTOR, "article > button"))
    count = int(button.text.split()[1])
    place = button.find_element(By.XPATH, "ancestor::article").get_attribute("id")
    button.send_keys(Keys.ENTER)
    until(page, lambda: len(page.find_elements(By.CSS_SELECTOR, f"#{place} .said")) == count)


def test_a_suggested_task_is_accepted_and_another_dismissed_by_keyboard(open_page: Open, http: Any) -> None:
    page = open_page("tasks")
    suggested = [each for each in http.get("/api/tasks?limit=10").json()["items"] if each["status"] == "suggested"]
    first, second = suggested[0]["id"], suggested[1]["id"]
    press(page, f"#{first}", "Accept")
    until(page, lambda: "open" in text(page, f"#{first} .quiet"))
    assert page.switch_to.active_element.text == suggested[0]["title"]
    press(page, f"#{second}", "Dismiss")
    until(page, lambda: "dismissed" in text(page, f"#{second} .quiet"))
    states = [http.get(f"/api/tasks/{each}").json()["status"] for each in (first, second)]
    assert states == ["open", "dismissed"]


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_scrolls_each_list_down_only(open_page: Open, name: str) -> None:
    assert too_wide(open_page(name)) == []


def test_a_phone_scrolls_what_is_opened_down_only(open_page: Open, http: Any) -> None:
    for name, path in (
        ("needle_movers", "/api/v2/needle_movers"),
        ("meetings", "/api/meetings"),
        ("messages", "/api/internal/pubsub/messages"),
        ("reports", "/api/reports/runs"),
    ):
        assert too_wide(open_page(f"{name}#{http.get(path, params={'limit': 1}).json()['items'][0]['id']}")) == []


def test_an_empty_list_says_what_to_do_next(browser: Chrome, demo: str, http: Any) -> None:
    browser.get(f"{demo}/ui/dead")
    until(browser, lambda: "No dead letter" in text(browser, ".empty"))
    browser.get(f"{demo}/ui/notes?q=nowhere-at-all")
    until(browser, lambda: "Nothing fits these filters" in text(browser, ".empty"))
    browser.find_element(By.CSS_SELECTOR, ".empty button").send_keys(Keys.ENTER)
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#list article"))


def test_filters_stand_in_the_address(open_page: Open, http: Any) -> None:
    page = open_page("meetings?when=all&status=cancelled")
    wanted = http.get("/api/meetings?status=cancelled&limit=10").json()["items"]
    assert [each.get_attribute("id") for each in page.find_elements(By.CSS_SELECTOR, "article")] == [
        each["id"] for each in wanted
    ]
    Select(page.find_element(By.NAME, "status")).select_by_value("confirmed")
    until(page, lambda: "status=confirmed" in page.current_url)


def test_meetings_that_were_held_come_latest_first_and_those_to_come_next_first(open_page: Open) -> None:
    def starts(place: str) -> list[str]:
        times = open_page(place).find_elements(By.CSS_SELECTOR, "article .about time")
        return [str(each.get_attribute("datetime")) for each in times]

    held, coming = starts("meetings"), starts("meetings?when=coming")
    assert held == sorted(held, reverse=True)
    assert coming == sorted(coming)
    assert held[0] < coming[0]


def test_the_console_stays_empty_on_each_page(open_page: Open, browser: Chrome) -> None:
    for name in PAGES:
        open_page(name)
    log = [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert json.dumps(log) == "[]"


def test_what_is_not_there_says_so_and_leads_back(browser: Chrome, demo: str, http: Any) -> None:
    """A link to something deleted showed an error above an empty page."""
    for place, name in (("reports#run_nowhere", "reports"), ("accounts#acct_nowhere", "accounts")):
        browser.get("about:blank")
        browser.get(f"{demo}/ui/{place}")
        until(browser, lambda: "nowhere" in text(browser, "#message"))
        assert text(browser, "#list") == f"← All {name}"
    browser.get_log("browser")  # 404 stands there, as it should


LINK = """
const [id, done] = arguments;
import("/ui/accounts.js").then(({ accountLink }) => {
  document.querySelector("#about").replaceChildren(accountLink(id), " and ", accountLink("acct_nowhere"));
  done();
});
"""


def test_an_account_that_is_not_among_the_first_is_named_too(open_page: Open, http: Any) -> None:
    """Of more than 500 the names of the others stood nowhere; one that is none leads nowhere."""
    page = open_page("accounts")
    http.post("/api/accounts", json={"id": "acct_late", "name": "Late <b>& Co"}).raise_for_status()
    page.execute_async_script(LINK, "acct_late")
    until(page, lambda: text(page, "#about") == "Late <b>& Co and acct_nowhere")
    late, nowhere = page.find_elements(By.CSS_SELECTOR, "#about a")
    assert (str(late.get_attribute("href")).partition("/ui")[2], nowhere.get_attribute("href")) == (
        "/accounts#acct_late",
        None,
    )
    page.get_log("browser")  # 404 stands there, as it should
