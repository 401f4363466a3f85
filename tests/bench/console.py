"""Console: with 10,000 incidents in the journal, how long the first page takes, and every one after it."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import requests

from aiops.adapters.sqlite.store import SqliteStore
from aiops.engine import entries
from aiops.model import Incident
from aiops.model.wire import from_json, to_json
from tests.browser.scene import past_incident
from tests.measure import Row, row

INCIDENTS, OPEN = 10_000, 40
BATCH = 500
BIN = Path(sys.executable).parent
PAINT = """() => new Promise((done) => {
  const look = () => { const [first] = performance.getEntriesByName('first-contentful-paint');
    if (first) done(first.startTime); else setTimeout(look, 5); }; look(); })"""


def fill(folder: Path) -> int:
    """A daemon's journal of so many incidents, three records each (a few are open still); the records."""
    folder.mkdir(parents=True, exist_ok=True)
    store, now_ms = SqliteStore(folder / "journal.sqlite"), int(time.time() * 1000)
    store.begin_term(1)
    written: list[entries.Entry] = []
    for number in range(INCIDENTS - 1, -1, -1):
        one = past_incident(number, now_ms)
        over = to_json(one) | {"state": "closed", "closed_ms": one.since_ms + 1_800_000}
        closed: Incident = from_json(Incident, over)
        written += [
            entries.Entry("incident_opened", one.id, one.opened_ms, {"incident": to_json(one)}),
            entries.changed(one, ("severity",), one.updated_ms),
        ]
        if number >= OPEN:
            written.append(entries.closed(closed, one.updated_ms))
        if len(written) > BATCH:
            store.append(written, 1)
            written = []
    store.append(written, 1)
    seq = store.head()[0]
    store.close()
    return seq


def rows(folder: Path) -> list[Row]:
    """A console of its own process, asked by a client, then by a browser that was never there."""
    records = fill(folder / "state")
    with (folder / "console.log").open("w") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(BIN / "aiops"), "console", "--state", str(folder / "state"), "--port", "0"],
            stderr=log,
            env={**os.environ, "COLUMNS": "200"},
        )
        try:
            url = _url(folder / "console.log")
            up_s = time.perf_counter() - began
            first_s = _get(url)
            then = [_get(f"{url}?q=service-{number % 31}&page=2") for number in range(20)]
            one = _get(f"{url}incidents/{1:012x}")
            paint_ms = _painted(url)
        finally:
            process.terminate()
            process.wait(10)
    return [
        row("records of 10,000 incidents", float(records), ""),
        row("console: start to listening", up_s, "s"),
        row("console: first page of a cold start, which folds the journal", first_s, "s", goal=2.0),
        row("console: a filtered page of 10,000 incidents", statistics.median(then), "s", goal=0.1),
        row("console: an incident's page", one, "s", goal=0.3),
        row("console: first contentful paint in Chromium", paint_ms / 1000, "s", goal=1.0),
    ]


def _url(log: Path) -> str:
    for _ in range(600):
        words = log.read_text("utf-8").split()
        if "console:" in words:
            return words[words.index("console:") + 1]
        time.sleep(0.05)
    raise RuntimeError(f"the console does not start: {log.read_text('utf-8')}")


def _get(url: str) -> float:
    began = time.perf_counter()
    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    return time.perf_counter() - began


def _painted(url: str) -> float:
    """Milliseconds from the navigation to the first words, in a browser with an empty cache."""
    code = (
        "import json, shutil, sys\n"
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p:\n"
        "    browser = p.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])\n"
        "    times = []\n"
        "    for _ in range(5):\n"
        "        page = browser.new_context().new_page()\n"
        "        page.goto(sys.argv[1])\n"
        "        times.append(page.evaluate(sys.argv[2]))\n"
        "    browser.close()\n"
        "print(json.dumps(times))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, url, PAINT], capture_output=True, text=True, check=True, timeout=120
    )
    return float(statistics.median(json.loads(done.stdout)))
