"""The process that ``tests.bench.cluster`` measures; its arguments are a kubeconfig and the server's URL."""

import gc
import json
import statistics
import sys
import time
import urllib.request
from pathlib import Path

from aiops.adapters.kubernetes.cache import Cache
from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.watching import State
from aiops.bootstrap.acting import COLLECT_AFTER
from aiops.model import Access, KubernetesSettings

SAMPLES = 40


def main(config: str, url: str) -> None:
    """Print the figures as one line of JSON."""
    gc.set_threshold(COLLECT_AFTER)  # as the daemon does
    api = connect(KubernetesSettings(Access.KUBECONFIG, config))
    assert api is not None
    cache = Cache(api, "", lambda where, error: print(where, error, file=sys.stderr))
    began = time.perf_counter()
    cache.start()
    assert cache.wait_ready(120)
    list_s = time.perf_counter() - began
    cache.facts(_now())
    print(f"listed in {list_s:.1f} s", file=sys.stderr)
    urllib.request.urlopen(f"{url}/go", timeout=5).close()  # noqa: S310 - loopback
    began = time.perf_counter()
    while any(one.state is State.KNOWN and one.lists < 2 for one in cache.status().values()):
        time.sleep(0.005)
    relist_s = time.perf_counter() - began
    took = []
    for _ in range(SAMPLES):
        time.sleep(0.1)
        began = time.perf_counter()
        facts = cache.facts(_now())
        took.append((time.perf_counter() - began) * 1000)
    assert len(facts.pods) == 10_000
    assert len(facts.workloads) == 1_000
    assert all(len(one.revisions) == 10 for one in facts.workloads.values())
    memory = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        memory[name] = value.split()
    figures = {
        "list_s": list_s,
        "relist_s": relist_s,
        "rss_mib": int(memory["VmRSS"][0]) / 1024,
        "peak_mib": int(memory["VmHWM"][0]) / 1024,
        "facts_ms": statistics.median(took),
        "slowest_ms": max(took),
    }
    print(json.dumps(figures))


def _now() -> int:
    return int(time.time() * 1000)


if __name__ == "__main__":
    main(*sys.argv[1:])
