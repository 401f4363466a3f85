"""A dry run provably changes nothing outside: no connection is made, no Kubernetes client is loaded (B9)."""

import subprocess
import sys

import numpy as np
import pytest

from aiops.adapters.recording.writer import write
from aiops.model import Direction, Panel, Role, Signal, Target, TargetMapping
from aiops.model.recording import RecordingMeta

SOCKETS_ARE_CLOSED = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("a dry run opened a connection")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = refuse
from aiops.cli import app
try:
    app(sys.argv[1:], standalone_mode=False)
finally:
    print("loaded:", sorted({"kubernetes", "prometheus_api_client"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.fixture
def recording(tmp_path):
    drawn = np.random.default_rng(2)
    times = 1_741_564_800_000 + 60_000 * np.arange(1440, dtype=np.int64)
    values = 1 + 0.01 * drawn.standard_normal((1, 1440))
    values[0, 1400:] = 9
    signal = Signal(
        "latency", "latency", "s", Role.LATENCY, TargetMapping("Deployment", "d", "n"), Direction.UP
    )
    panel = Panel("latency", "s", (Target("Deployment", "shop", "cart"),), times, values)
    meta = RecordingMeta("small", (signal,), int(times[0]), int(times[-1]), 60_000)
    write(tmp_path / "recording", meta, [panel])
    return tmp_path / "recording"


def test_a_dry_run_connects_to_nothing_and_finds_what_is_there(recording):
    """B9: not by a promise, but because nothing that could write is there; it did run: the spike is told."""
    done = subprocess.run(
        [sys.executable, "-c", SOCKETS_ARE_CLOSED, "dry-run", str(recording), "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "loaded: []" in done.stderr
    assert "Deployment/shop/cart" in done.stdout
