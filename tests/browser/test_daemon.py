"""The console of a real daemon over a real Prometheus: a fault is on the screen, and somebody takes it."""

import time

import pytest

from tests.browser.conftest import sign_in
from tests.integration.daemon import Daemon
from tests.integration.test_run import config, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]
__all__ = ["config", "world"]


def test_a_fault_appears_with_its_samples_and_band_and_a_person_takes_it(watched, world, config, tmp_path):
    shop, server = world
    with Daemon(tmp_path, server.url, config) as daemon:
        home = f"{daemon.wait_for('started')['url']}/console/"
        one = watched()
        one.page.goto(home)
        one.page.locator("#live-mark[data-state=live]").wait_for()
        time.sleep(11)  # two calm ticks
        shop.bad = "service-3"
        row = one.page.locator("#list tbody tr.is-open", has_text="service-3")
        row.wait_for(timeout=90_000)
        token = (daemon.state / "token").read_text().strip()
        sign_in(one.page, home, token)
        one.page.locator("#list tbody tr.is-open a").first.click()
        one.page.locator("#plots[data-drawn]").wait_for()
        plot = one.page.evaluate(
            "fetch(document.querySelector('#plots').dataset.plots).then((a) => a.json())"
        )
        first = plot["plots"][0]
        before = [
            low is not None or high is not None for low, high in zip(first["low"], first["high"], strict=True)
        ]
        assert sum(before) > len(before) / 2  # the band that is expected, and not only that of the anomaly
        assert max(value for value in first["v"] if value is not None) > 0.2
        one.page.get_by_role("button", name="I am on it").click()
        one.page.locator("#said.done").wait_for()
        one.page.goto(f"{home}signals")
        assert "8 series" in one.page.locator("#signals").inner_text()
        assert one.elsewhere(home) == []
        assert one.said == []
        assert daemon.stop() == 0  # an open page does not keep it from ending
