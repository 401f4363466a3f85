"""Our own metrics as Prometheus' own checker reads them."""

import subprocess

import pytest

from aiops.telemetry import Metrics
from tests.integration.servers import need

pytestmark = pytest.mark.integration


def checked(page):
    """(exit code, what promtool says); it complains by its exit code of names, units and missing help too."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def test_promtool_has_nothing_to_say_of_the_page():
    """5.6: whoever watches the watcher scrapes this."""
    need("prometheus", "promtool")
    metrics = Metrics()
    metrics.ticks.labels("seeing").inc()
    metrics.irregular.labels("tick", "missed").inc(3)
    metrics.config.labels("0123456789ab", "0.1.0").set(1)
    page, content_type = metrics.page()
    assert checked(page) == (0, "")
    assert content_type.startswith("text/plain")
    assert checked(page + b"aiops_bad 1\n")[0] != 0  # it does look
