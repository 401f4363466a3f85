"""A real headless Chromium for a module; a fresh profile for every test."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.scene import TOKEN

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")  # its event loop would be in the way of tests of other modules
def chromium():
    if CHROMIUM is None:
        pytest.skip("no chromium: as root, apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


class Watched:
    """A page, and everything that it said and asked for while it was open."""

    def __init__(self, page):
        self.page, self.said, self.asked = page, [], []
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (event) => console.error('CSP ' + event.violatedDirective + ' ' + event.blockedURI))"
        )

    def elsewhere(self, home):
        """Requests to anything but our own server."""
        root = home.split("/console")[0]
        return [url for url in self.asked if not url.startswith((root, "data:"))]


@pytest.fixture
def watched(chromium):
    """Open a page of a context of its own: ``watched(color_scheme="dark")``."""
    contexts = []

    def open_one(**options):
        settings = {"viewport": {"width": 1280, "height": 900}} | options
        contexts.append(chromium.new_context(**settings))
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        return Watched(page)

    yield open_one
    for context in contexts:
        context.close()


def sign_in(page, home, token=TOKEN):
    """As Ada, whose token the scene knows."""
    page.goto(f"{home}sign-in")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/")
