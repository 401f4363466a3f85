"""The console in a real browser: it shows, follows and takes answers, and asks nothing of anybody else."""

import pytest

from aiops.core.approvals.book import ApprovalBook
from aiops.model import Mine, Target
from tests.browser.conftest import sign_in
from tests.browser.scene import CANARY, Scene, served
from tests.unit.engine.asking_cases import ADA

pytestmark = [pytest.mark.integration]


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def home(scene):
    with served(scene) as url:
        yield url


def rows(page):
    return page.locator("#list tbody tr")


def test_the_list_shows_what_is_open_first_and_what_it_waits_for(watched, scene, home):
    one = watched()
    one.page.goto(home)
    first = rows(one.page).first
    assert "Deployment/shop/cart" in first.inner_text()
    assert f"answer to {scene.approval.short}" in first.inner_text()
    assert rows(one.page).count() == 41  # the cart's and forty that are over


def test_the_list_follows_the_journal_without_a_reload(watched, scene, home):
    one = watched()
    one.page.goto(home)
    one.page.locator("#live-mark[data-state=live]").wait_for()
    one.page.evaluate("window.notReloaded = true")
    scene.open_another()
    one.page.locator("#row-0123456789ab").wait_for()
    assert "Deployment/shop/checkout" in rows(one.page).first.inner_text()
    assert "2 open" in one.page.locator("#summary").inner_text()
    assert "2 open" in one.page.locator("#announce").text_content()  # told to who cannot see it
    assert one.page.evaluate("window.notReloaded")


def test_the_page_says_since_when_it_is_stale(watched, scene, home):
    one = watched()
    with served(scene) as dying:
        one.page.goto(dying)
        one.page.locator("#live-mark[data-state=live]").wait_for()
    one.page.locator("#live-mark[data-state=stale]").wait_for(timeout=20_000)
    assert one.page.locator("#live-words").inner_text().startswith("stale since ")


def test_filters_and_pages_are_addresses(watched, scene, home):
    one = watched()
    one.page.goto(home)
    one.page.get_by_label("Class").select_option("disk_filling")
    one.page.wait_for_url("**class=disk_filling**")
    assert rows(one.page).count() == 8  # of forty, every fifth
    one.page.get_by_label("Text").fill("service-2")
    one.page.get_by_role("button", name="Filter").click()
    one.page.wait_for_url("**q=service-2**")
    # class of numbers 2, 7, ... 37; their services 2, 7, 12, 17, 22, 27, 1, 6: two have "service-2" in them
    assert rows(one.page).count() == 3


def test_a_plot_is_zoomed_by_mouse_and_by_keyboard_and_all_of_them_together(watched, scene, home):
    one = watched()
    one.page.goto(f"{home}incidents/{scene.incident_id}")
    one.page.locator("#plots[data-drawn='2']").wait_for()
    one.page.get_by_role("button", name="All").first.click()
    one.page.wait_for_function("aiopsPlots()[1][1] - aiopsPlots()[1][0] > 7200")  # samples of 130 minutes
    whole = one.page.evaluate("aiopsPlots()")
    box = one.page.locator(".u-over").first.bounding_box()
    one.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60, steps=4)
    one.page.mouse.up()
    one.page.wait_for_function("from => aiopsPlots()[0][0] > from + 600", arg=whole[0][0])
    zoomed = one.page.evaluate("aiopsPlots()")
    assert zoomed[0] == pytest.approx(zoomed[1])
    # a quarter of the width is a quarter of the time
    assert zoomed[0][1] - zoomed[0][0] == pytest.approx((whole[0][1] - whole[0][0]) / 4, rel=0.05)
    all_of_it = one.page.get_by_role("button", name="All").first
    all_of_it.focus()
    one.page.keyboard.press("Enter")
    one.page.wait_for_function("all => Math.abs(aiopsPlots()[1][0] - all) < 1", arg=whole[0][0])
    one.page.get_by_role("button", name="Zoom in on").first.press("Space")
    one.page.wait_for_function("all => aiopsPlots()[1][0] > all + 600", arg=whole[0][0])


def test_who_is_not_signed_in_reads_and_has_no_buttons(watched, scene, home):
    """S1."""
    one = watched()
    one.page.goto(f"{home}incidents/{scene.incident_id}")
    assert one.page.get_by_role("button", name="Approve").count() == 0
    assert one.page.get_by_text("Sign in to answer").count() == 1
    assert one.page.get_by_text("kubectl annotate").count() == 1  # in the plan: it holds no values
    assert one.page.get_by_text("Type it yourself").count() == 0


def test_a_signed_in_approver_answers_and_the_journal_has_it(watched, scene, home):
    one = watched()
    sign_in(one.page, home)
    one.page.goto(f"{home}incidents/{scene.incident_id}")
    one.page.get_by_role("button", name="Approve").click()
    one.page.locator("#said.done").wait_for()
    approval = ApprovalBook().fold(scene.store.read()).by_id[scene.approval.id]
    assert (approval.state, approval.votes[0].actor.key, approval.votes[0].via) == (
        "approved",
        "kubernetes:ada@example.org",
        "console",
    )
    assert one.page.get_by_role("button", name="Approve").count() == 0


def test_a_no_carries_its_reason_and_others_see_it_at_once(watched, scene, home):
    ada, other = watched(), watched()
    other.page.goto(f"{home}incidents/{scene.incident_id}")
    other.page.locator("#live-mark[data-state=live]").wait_for()
    sign_in(ada.page, home)
    ada.page.goto(f"{home}approvals")
    ada.page.get_by_label("Reason for a no").fill("it is payday")
    ada.page.get_by_role("button", name="Deny").click()
    ada.page.locator("#said.done").wait_for()
    other.page.locator("#answers .st-denied").wait_for(state="attached")
    assert "it is payday" in other.page.locator("#answers").text_content()


def test_what_somebody_is_writing_is_not_replaced_under_their_hands(watched, scene, home):
    one = watched()
    sign_in(one.page, home)
    one.page.goto(f"{home}incidents/{scene.incident_id}")
    one.page.locator("#live-mark[data-state=live]").wait_for()
    field = one.page.get_by_label("Reason for a no")
    field.fill("half a sent")
    scene.say(ADA, Mine(scene.incident_id), "m1")
    one.page.locator("#head").get_by_text("is on it").wait_for()
    assert field.input_value() == "half a sent"


def test_the_keyboard_alone_leads_from_the_list_to_a_yes(watched, scene, home):
    one = watched()
    sign_in(one.page, home)
    _tab_to(one.page, lambda told: told == "memory leak")
    one.page.keyboard.press("Enter")
    one.page.wait_for_url(f"**/incidents/{scene.incident_id}")
    _tab_to(one.page, lambda told: told.startswith("Approve:"))
    assert one.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    one.page.keyboard.press("Enter")
    one.page.locator("#said.done").wait_for()
    assert scene.state(scene.approval) == "approved"


def test_text_from_labels_is_text(watched, scene, home):
    """H9, S3, S9: whatever a workload calls itself, it runs nothing here."""
    bad = Target("Deployment", "shop", CANARY)
    scene.open_another(targets=(bad,), suspects=(), opened_because=CANARY, incident_class="<b>x</b>")
    one = watched()
    for path in ("", "incidents/0123456789ab", "audit", "guards"):
        one.page.goto(f"{home}{path}")
        one.page.wait_for_timeout(150)
        assert one.page.evaluate("window.pwned") is None
        assert one.page.locator("main img, main script").count() == 0
    one.page.goto(f"{home}incidents/0123456789ab")
    assert CANARY in one.page.locator("#head").inner_text()
    assert one.said == []


PATHS = (
    "",
    "approvals",
    "playbooks",
    "guards",
    "signals",
    "replay",
    "audit",
    "audit/1",
    "sign-in",
    "nowhere",
)


def test_nothing_is_asked_of_anybody_else_and_no_page_complains(watched, scene, home):
    """Works offline; the policy forbids what is not ours, and nothing of ours breaks it."""
    one = watched()
    for path in (*PATHS, f"incidents/{scene.incident_id}"):
        one.page.goto(f"{home}{path}")
        one.page.locator("#live-mark[data-state=live]").wait_for()
    assert one.elsewhere(home) == []
    assert [line for line in one.said if "404" not in line] == []  # "nowhere" is not there


def test_a_closed_console_shows_nothing_before_the_sign_in(watched, scene):
    with served(scene, closed=True) as home:
        one = watched()
        one.page.goto(f"{home}incidents/{scene.incident_id}")
        assert "/sign-in" in one.page.url
        assert "cart" not in one.page.content().replace(f"incidents/{scene.incident_id}", "")
        one.page.get_by_label("Token").fill("not a token")
        one.page.get_by_role("button", name="Sign in").click()
        assert "not valid" in one.page.get_by_role("alert").inner_text()
        sign_in(one.page, home)
        assert rows(one.page).count() == 41


def _tab_to(page, wanted, most=60):
    for _ in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate("document.activeElement.textContent.replace(/\\s+/g, ' ').trim()")
        if wanted(told):
            return
    raise AssertionError("the keyboard does not get there")
