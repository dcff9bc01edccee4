"""The page in headless Chromium: asking, choosing, editing, exploring, keyboard, phone, and nothing from elsewhere.

SHOTS=folder keeps pictures of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kg.store import Store
from kg.visible import visible
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.pipeline import DEMO_QUESTIONS
from rog.serve.app import make_app
from rog.serve.engine import Engine
from tests.rog.hostile import HOSTILE, check_text, hostile_graph
from tests.rog.serving import live

pytestmark = pytest.mark.browser
LIMA = DEMO_QUESTIONS[1]
DESK: tuple[int, Literal["light", "dark"]] = 1280, "light"
SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture(scope="module")
def url(demo: Store) -> Iterator[str]:
    engine = Engine(RoG(demo, LexicalPlanner(demo)))
    with live(make_app(engine, "demo", examples=DEMO_QUESTIONS)) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page at the start; nothing may go wrong in it, and nothing may come from elsewhere."""
    width, scheme = getattr(request, "param", DESK)
    context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith(url) else None)
    page.goto(url)
    yield page
    context.close()
    assert [text for text in wrong if "ERR_FAILED" not in text] == []  # what a test cuts off itself


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def ask(page: Page, question: str) -> None:
    page.fill("#question", question)
    page.keyboard.press("Enter")
    expect(page.locator("#answer .verdict")).to_be_visible()


def test_an_example_is_answered_step_by_step(page: Page) -> None:
    page.get_by_role("button", name=LIMA).click()
    expect(page.locator("#answer .entities")).to_have_text("Peruvian sol")
    expect(page.locator("#stages .done")).to_have_count(4)
    expect(page.locator("#answer .why li")).to_have_text("Lima ←capital─ Peru ─currency→ Peruvian sol")
    expect(page.locator("#plans ol li")).to_have_count(3)
    expect(page.locator("#picture svg .lane")).to_have_count(3)
    shot(page, "answer")
    page.get_by_role("button", name="Show only plan 1").click()
    expect(page.locator("#picture svg .lane.off")).to_have_count(2)


@pytest.mark.parametrize("page", [(1280, "dark")], indirect=True)
def test_a_name_of_two_entities_is_settled(page: Page) -> None:
    ask(page, LIMA)
    page.locator("#ambiguous button").last.click()
    expect(page.locator("#about-entity")).to_contain_text("Lima")
    expect(page.locator("#ambiguous")).to_be_hidden()
    assert "entity=city%3Alima-us" in page.url
    shot(page, "settled")


def test_a_plan_is_edited_from_legal_relations(page: Page) -> None:
    ask(page, LIMA)
    page.get_by_role("button", name="Edit plan 1").click()
    page.get_by_label("step 2").select_option("continent")
    expect(page.locator("#editor")).to_contain_text("reaches 1 entity")
    page.get_by_role("button", name="Walk it").click()
    expect(page.locator("#answer .entities")).to_have_text("South America")
    expect(page.locator("#plans")).to_contain_text("the plan was given")
    assert "plan=%7Ecapital" in page.url or "plan=~capital" in page.url


def test_a_link_opens_what_it_was_copied_from_and_history_remembers(page: Page) -> None:
    ask(page, DEMO_QUESTIONS[0])
    link = page.url
    page.click("#home")
    expect(page.locator("#results")).to_be_hidden()
    page.goto(link)
    expect(page.locator("#answer .entities")).to_have_text("Canberra")
    page.get_by_role("button", name="History").click()
    expect(page.locator("#history li")).to_have_count(1)
    page.locator("#history li button").click()
    expect(page.locator("#history")).to_be_hidden()
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name="Forget all").click()
    page.get_by_role("button", name="History").click()
    expect(page.locator("#history")).to_contain_text("Nothing has been asked yet")


def test_exploring_walks_from_entity_to_entity(page: Page) -> None:
    page.get_by_role("button", name="Explore").click()
    page.get_by_label("Entity").fill("peru")
    page.locator("#found button").first.click()
    expect(page.locator("#around h3")).to_have_text("Peru")
    page.locator("#around dd").get_by_role("button", name="Lima").click()
    expect(page.locator("#around h3")).to_have_text("Lima")
    expect(page.locator("#around .trail")).to_contain_text("Peru")
    page.get_by_text("As a picture").click()
    expect(page.locator("#around svg")).to_be_visible()
    shot(page, "explore")
    page.keyboard.press("Escape")
    expect(page.locator("#explore")).to_be_hidden()


def test_a_refusal_says_why(page: Page) -> None:
    ask(page, DEMO_QUESTIONS[2])
    expect(page.locator("#answer .verdict")).to_have_text("No grounded answer")
    expect(page.locator("#answer .why li")).not_to_have_count(0)
    shot(page, "refusal")


def test_a_shared_link_waits_for_the_key(browser: Browser, demo: Store) -> None:
    engine = Engine(RoG(demo, LexicalPlanner(demo)))
    with live(make_app(engine, "demo", key="sesame")) as url:
        page = browser.new_page()
        page.goto(f"{url}/#q={quote(LIMA)}")
        page.fill("#key", "sesame")
        page.keyboard.press("Enter")
        expect(page.locator("#answer .verdict")).to_be_visible()
        expect(page.locator("#about")).not_to_be_empty()
        page.close()


def test_all_of_it_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    page.locator("body").press("/")
    page.keyboard.type("What is the capital of Australia?")
    page.keyboard.press("Enter")
    expect(page.locator("#answer .entities")).to_have_text("Canberra")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Write a plan":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_label("step 1")).to_be_focused()
    for _ in range(30):  # not by typing its name: on a busy machine the letters come too late to belong together
        if page.evaluate("document.activeElement.selectedOptions[0].textContent").startswith("cont"):
            break
        page.keyboard.press("ArrowDown")
    expect(page.get_by_label("step 2")).to_be_visible()
    page.get_by_role("button", name="Walk it").press("Enter")
    expect(page.locator("#answer .entities")).to_have_text("Oceania")


LATE_FIRST = """
const fetched = window.fetch, waits = [0, 0, 600, 300, 0];
window.fetch = async (url, ...rest) => {
  const response = await fetched(url, ...rest);
  if (String(url).includes('/v1/next')) await new Promise(then => setTimeout(then, waits.shift() ?? 0));
  return response;
};
"""


def test_who_chooses_faster_than_the_graph_answers_keeps_the_last_choice(page: Page) -> None:
    page.add_init_script(LATE_FIRST)
    page.reload()
    ask(page, DEMO_QUESTIONS[0])
    page.get_by_role("button", name="Write a plan").press("Enter")
    expect(page.get_by_label("step 1")).to_be_focused()
    page.get_by_label("step 1").select_option("continent")
    walk = page.get_by_role("button", name="Walk it")
    expect(walk).to_be_enabled()
    for relation in ("~country", "~top_producer", "capital"):
        page.get_by_label("step 1").select_option(relation)
    walk.focus()
    page.wait_for_timeout(1000)  # the answers about the first two are in
    expect(page.get_by_label("step 1")).to_have_value("capital")
    expect(walk).to_be_focused()
    walk.press("Enter")
    expect(page.locator("#answer .entities")).to_have_text("Canberra")


@pytest.mark.parametrize("page", [(360, "light")], indirect=True)
def test_a_phone_needs_no_sideways_scrolling(page: Page) -> None:
    ask(page, LIMA)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    shot(page, "phone")
    page.get_by_role("button", name="Explore").click()
    expect(page.locator("#around h3")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_no_server_is_one_clear_line(page: Page) -> None:
    page.route("**/v1/ask", lambda route: route.abort())
    page.fill("#question", "Anyone there?")
    page.keyboard.press("Enter")
    expect(page.locator("#error")).to_have_text("The server does not answer. Is it still running?")


def test_hostile_names_are_texts(browser: Browser, tmp_path: Path) -> None:
    """No name runs, links, breaks a line or turns the text round; the page shows each as everything else does."""
    hostile = hostile_graph(tmp_path / "g.kg")
    engine = Engine(RoG(hostile, LexicalPlanner(hostile)))
    wrong: list[str] = []
    with live(make_app(engine, "hostile")) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith(url) else None)
        page.goto(f"{url}/#q={quote('What does Zed likes?')}")
        expect(page.locator("#answer .verdict")).to_contain_text(f"proven {len(HOSTILE)} of {len(HOSTILE)}")
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        said = page.evaluate("document.body.innerText") + page.evaluate("document.body.textContent")
        labels = {visible(name) for name in HOSTILE}
        assert {label for label in labels if label in said} == labels
        check_text(said.replace("\t", " "))
        assert page.locator("main img, main iframe, main script, #answer a, .rog-page a").count() == 0
        page.locator("#answer button").nth(3).click()  # explores the entity of that exact key
        expect(page.locator("#explore")).to_contain_text("likes")
        check_text(page.evaluate("document.body.textContent").replace("\t", " "))
        shot(page, "hostile")
        page.close()
    engine.close()
    assert wrong == []
