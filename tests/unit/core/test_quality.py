"""Quality: what makes us blind, and that blindness is told from trouble."""

import numpy as np
import pytest

from aiops.core.quality import SEEING, Quality, Reading, assess, recorded
from aiops.model import Panel, Target

MINUTE = 60_000


def reading(**changes):
    return Reading(**({"signal": "latency", "expected": 10, "seen": 10} | changes))


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"error": "connection refused"}, "connection refused"),
        ({"warnings": ("store gateway: timeout",)}, "store gateway"),
        ({"partial": True}, "partial"),
        ({"seen": 0}, "no data"),
        ({"seen": 6}, "4 of 10 series gone at once"),
    ],
)
def test_doubtful_data_blinds_and_says_why(bad, word):
    """M1, M2, M3: down, empty, 30 % gone, warned and partial answers are all unusable."""
    quality = assess([reading(**bad)], SEEING, now_ms=0, window_ms=MINUTE)
    assert not quality.usable
    assert word in quality.why()


@pytest.mark.parametrize(("seen", "usable"), [(8, True), (7, False)])
def test_from_thirty_percent_gone_at_once_on_we_are_blind(seen, usable):
    """M2: 2 of 10 may be a node; 3 of 10 at once may be the scrape."""
    assert assess([reading(seen=seen)], SEEING, 0, MINUTE).usable is usable


def test_one_of_two_pods_gone_is_news_not_blindness():
    assert assess([reading(expected=2, seen=1)], SEEING, 0, MINUTE).usable


def test_a_whole_window_passes_before_anything_may_act_again():
    """M6: after a gap averages are low; the window starts at the last blind tick."""
    blind = assess([reading(seen=0)], SEEING, now_ms=5 * MINUTE, window_ms=3 * MINUTE)
    after = assess([reading()], blind, now_ms=6 * MINUTE, window_ms=3 * MINUTE)
    assert after.usable
    assert [after.warm(at * MINUTE) for at in (6, 7, 8)] == [False, False, True]


def test_another_clusters_answer_is_unusable():
    """M7: the identity is part of every tick."""
    quality = assess([reading()], SEEING, 0, MINUTE, identity_error="answers for prod-us, expected prod-eu")
    assert (quality.usable, quality.why()) == (False, "answers for prod-us, expected prod-eu")


def panel(values):
    values = np.array(values, float)
    targets = tuple(Target("Deployment", "shop", f"w{i}") for i in range(len(values)))
    return Panel("latency", "s", targets, np.arange(values.shape[1]) * MINUTE, values)


def test_a_scrape_gap_in_a_recording_is_blindness_at_its_times_only():
    values = np.ones((6, 10))
    values[:, 4:6] = np.nan
    found = recorded([panel(values)], window_ms=3 * MINUTE)
    assert sorted(found) == [4 * MINUTE, 5 * MINUTE]


def test_a_pod_that_left_for_good_blinds_nobody_for_long():
    values = np.ones((6, 10))
    values[0:3, 4:] = np.nan  # half leave at 4; expected for a window of 3, then forgotten
    found = recorded([panel(values)], window_ms=3 * MINUTE)
    assert sorted(found) == [at * MINUTE for at in (4, 5, 6)]


def test_a_calm_recording_has_no_blind_time():
    assert recorded([panel(np.ones((3, 20)))], window_ms=MINUTE) == {}


def test_why_is_empty_when_we_see():
    assert Quality({}).why() == ""
