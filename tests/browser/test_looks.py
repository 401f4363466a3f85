"""How the console looks to different eyes: contrast, order, names, both themes, a phone."""

from pathlib import Path

import pytest

from aiops.bootstrap.console import served as served_alone
from aiops.bootstrap.console import state_console
from aiops.bootstrap.kept import keep
from aiops.bootstrap.replay import replay_all
from tests.browser.conftest import sign_in
from tests.browser.scene import Scene, served
from tests.unit.cli import recordings

pytestmark = [pytest.mark.integration]
PATHS = ("", "approvals", "playbooks", "guards", "signals", "replay", "audit", "audit/3", "sign-in")

HERE = Path(__file__).parent
SCREENS = HERE.parents[1] / "build" / "console"  # to be looked at by a person
CONTRAST, NAMES = (HERE / "contrast.js").read_text("utf-8"), (HERE / "names.js").read_text("utf-8")


@pytest.fixture(scope="module")
def place():
    scene = Scene()
    with served(scene) as home:
        yield scene, home


def paths(scene):
    return (*PATHS, f"incidents/{scene.incident_id}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_word_can_be_read_in_both_themes(watched, place, theme):
    """WCAG 2, AA: 4.5 to 1, or 3 to 1 where it is large."""
    scene, home = place
    one = watched(color_scheme=theme)
    sign_in(one.page, home)
    for path in paths(scene):
        one.page.goto(f"{home}{path}")
        one.page.locator("#live-mark[data-state=live]").wait_for()
        assert one.page.evaluate(CONTRAST) == [], path
        one.page.screenshot(
            path=SCREENS / f"{theme}-{path.replace('/', '-') or 'incidents'}.png", full_page=True
        )


def test_every_field_has_a_label_and_every_page_an_order(watched, place):
    scene, home = place
    one = watched()
    sign_in(one.page, home)
    for path in paths(scene):
        one.page.goto(f"{home}{path}")
        assert one.page.evaluate(NAMES) == [], path


def test_a_phone_shows_every_page_without_scrolling_sideways(watched, place):
    scene, home = place
    one = watched(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    sign_in(one.page, home)
    for path in paths(scene):
        one.page.goto(f"{home}{path}")
        one.page.wait_for_timeout(100)
        width = one.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, path


def test_the_theme_is_chosen_kept_and_drawn_anew(watched, place):
    scene, home = place
    one = watched(color_scheme="light")
    one.page.goto(f"{home}incidents/{scene.incident_id}")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert one.page.evaluate(paper) == "rgb(255, 255, 255)"
    button = one.page.get_by_role("button", name="Theme")
    button.click()  # light
    button.click()  # dark
    assert one.page.evaluate(paper) == "rgb(20, 23, 27)"
    one.page.goto(home)
    assert one.page.evaluate(paper) == "rgb(20, 23, 27)"


def test_who_wants_no_motion_gets_none(watched, place):
    scene, home = place
    one = watched(reduced_motion="reduce")
    one.page.goto(home)
    scene.open_another(name="abcabcabcabc")
    one.page.locator("#row-abcabcabcabc").wait_for()
    names = "[...document.querySelectorAll('tr')].map((one) => getComputedStyle(one).animationName)"
    assert set(one.page.evaluate(names)) == {"none"}


def test_without_javascript_everything_but_the_plots_is_there(watched, place):
    scene, home = place
    one = watched(java_script_enabled=False)
    one.page.goto(f"{home}incidents/{scene.incident_id}")
    text = one.page.locator("main").inner_text()
    assert "Who is to blame" in text
    assert "The plots need JavaScript" in text
    assert "as of 2023-11-14 22:13:20 UTC" in one.page.locator("#live-mark").inner_text()


def test_a_recording_is_replayed_from_the_page_and_its_report_shown(watched, tmp_path):
    """In a process of its own, with its progress; the report runs nothing."""
    recordings.make(tmp_path / "many" / "small")
    with (
        state_console(None, kept_state(tmp_path), (tmp_path / "many",)) as parts,
        served_alone(parts, "127.0.0.1", 0) as server,
    ):
        one = watched()
        one.page.goto(f"{server.url}/console/replay")
        one.page.get_by_role("button", name="Replay small").click()
        one.page.get_by_role("progressbar").wait_for()
        one.page.get_by_role("link", name="Open the report").click(timeout=60_000)
        assert "aiops dry run" in one.page.content()
        assert one.said == []


def kept_state(tmp_path):
    path = recordings.make(tmp_path / "other")
    replayed = replay_all(path)
    keep(tmp_path / "state", replayed.story, replayed.loop.rules.signals, replayed.loop.store)
    return tmp_path / "state"
