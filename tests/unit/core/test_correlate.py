"""Correlate: which troubles are one problem. Each test reads as a timeline of the shop."""

from dataclasses import replace

import pytest

from aiops.core.quality import Quality
from aiops.model import (
    Alert,
    AnomalyKind,
    ClusterEvent,
    Correlation,
    Direction,
    EventKind,
    Node,
    Pod,
    Role,
    Target,
    Workload,
)
from tests.unit.core.timelines import Timeline, calls, deployment, ms, the_facts

N1, N2 = Target("Node", "", "n1"), Target("Node", "", "n2")


def test_two_signals_of_one_workload_are_one_incident():
    timeline = Timeline().bad("10:00", "cart").bad("10:03", "cart", signal="cpu")
    assert timeline.lines == ["10:00 opened observed cart", "10:03 anomaly cart"]


def test_a_pod_is_counted_at_its_owner():
    pod = Target("Pod", "shop", "cart-1")
    timeline = Timeline(the_facts(pods={pod: Pod(pod, deployment("cart"))}))
    timeline.bad("10:00", pod, signal="memory").bad("10:01", "cart")
    assert timeline.groups == ["cart"]


POD, GONE = Target("Pod", "shop", "cart-1"), Target("Pod", "shop", "cart-0")
KNOWN = the_facts(pods={POD: Pod(POD, deployment("cart"))})


def test_a_stale_sample_of_a_pod_that_is_gone_opens_nothing():
    assert Timeline(KNOWN).bad("10:00", GONE, signal="memory").lines == []


def test_where_pods_are_not_known_nobody_can_say_that_one_is_gone():
    unknown = replace(KNOWN, unknown=frozenset({"pods"}))
    assert Timeline(unknown).bad("10:00", GONE, signal="memory").groups == ["cart-0"]


def test_the_trouble_of_a_pod_ends_with_it():
    """No good sample of it will ever come; five minutes later all is calm."""
    timeline = Timeline(KNOWN).bad("10:00", POD, signal="errors")
    other = Target("Pod", "shop", "cart-2")
    timeline.facts = the_facts(pods={other: Pod(other, deployment("cart"))})
    timeline.until("10:04")
    assert len(timeline.open) == 1
    timeline.until("10:06")
    assert timeline.open == []


def test_trouble_travels_along_calls():
    """db is slow, cart that calls it waits, front that calls cart waits: two hops, one problem."""
    timeline = Timeline().bad("10:00", "db").bad("10:01", "cart").bad("10:02", "front")
    assert timeline.groups == ["cart db front"]
    assert timeline.open[0].since_ms == ms("09:58")


def test_it_does_not_travel_between_two_callees_of_one_caller():
    """cart leaks, till throttles: front calls both, and neither calls the other."""
    timeline = Timeline().bad("10:00", "cart", signal="memory").bad("10:01", "till", signal="cpu")
    assert timeline.groups == ["cart", "till"]


def test_three_calls_away_is_too_far():
    far = the_facts("a", "b", "c", "d", edges=calls("a>b", "b>c", "c>d"))
    assert Timeline(far).bad("10:00", "d").bad("10:01", "a", signal="cpu").groups == ["a", "d"]
    assert Timeline(far).bad("10:00", "d").bad("10:01", "b", signal="cpu").groups == ["b d"]


def test_time_alone_makes_nothing_one_problem():
    """mail has no known calls; it fails at the very minute at which cart leaks."""
    timeline = Timeline().bad("10:00", "cart", signal="memory").bad("10:00", "mail", signal="errors")
    assert timeline.groups == ["cart", "mail"]


@pytest.mark.parametrize(("since", "groups"), [("10:08", ["cart db"]), ("10:09", ["cart", "db"])])
def test_an_incident_takes_in_what_begins_within_ten_minutes(since, groups):
    """db has been bad since 09:58; the window of 600 s ends at 10:08."""
    timeline = Timeline().bad("10:00", "db").bad("10:11", "cart", since=since)
    assert timeline.groups == groups


def test_what_begins_before_an_incident_joins_it_too():
    """The alarm of the cause may come later than those of its sufferers."""
    timeline = Timeline().bad("10:00", "front").bad("10:05", "cart", since="09:52")
    assert timeline.groups == ["cart front"]


@pytest.mark.parametrize(("onset", "groups"), [("10:00", ["mail post"]), ("10:03", ["mail", "post"])])
def test_the_same_symptom_at_the_same_time_is_one_problem_where_no_calls_are_known(onset, groups):
    """Within two minutes, in one namespace."""
    nobody_knows = the_facts("mail", "post", edges=())
    timeline = Timeline(nobody_knows).bad("10:02", "mail", since="10:00").bad("10:05", "post", since=onset)
    assert timeline.groups == groups


def test_another_symptom_or_another_namespace_is_another_problem():
    nobody_knows = the_facts("mail", "post", "bank/desk", edges=())
    timeline = Timeline(nobody_knows).bad("10:02", "mail").bad("10:02", "post", signal="memory")
    timeline.bad("10:02", "bank/desk")
    assert timeline.groups == ["desk", "mail", "post"]


def placed(**nodes):
    """Workloads by the node they run on; n1 and n2 are of zone a."""
    there = {deployment(name): Workload(deployment(name), node_names=(node,)) for name, node in nodes.items()}
    zoned = {one: Node(one, zone="a") for one in (N1, N2)}
    return the_facts(workloads=there, nodes=zoned, edges=())


def test_a_node_and_what_runs_on_it_are_one_problem():
    timeline = Timeline(placed(cart="n1", till="n1", mail="n2"))
    timeline.bad("10:00", N1, signal="disk").bad("10:01", "cart", signal="errors")
    timeline.bad("10:02", "till", signal="memory").bad("10:03", "mail", signal="cpu")
    assert timeline.groups == ["cart n1 till", "mail"]


def test_the_node_joins_what_it_caused_also_when_it_is_seen_last():
    timeline = (
        Timeline(placed(cart="n1")).bad("10:00", "cart", signal="errors").bad("10:01", N1, signal="disk")
    )
    assert timeline.groups == ["cart n1"]


def test_nodes_of_one_zone_are_one_problem():
    timeline = Timeline(placed(cart="n1")).bad("10:00", N1, signal="disk").bad("10:01", N2, signal="errors")
    assert timeline.groups == ["n1 n2"]


def test_nodes_of_two_zones_are_two_problems():
    """Unlike signals; n3 is of zone b."""
    facts = placed(cart="n1")
    n3 = Target("Node", "", "n3")
    facts = replace(facts, nodes={**facts.nodes, n3: Node(n3, zone="b")})
    timeline = Timeline(facts).bad("10:00", N1, signal="disk").bad("10:01", n3, signal="errors")
    assert timeline.groups == ["n1", "n3"]


@pytest.mark.parametrize(("apart", "groups"), [("09:51", ["mail post"]), ("09:54", ["mail", "post"])])
def test_what_was_changed_together_fails_together(apart, groups):
    """Two rollouts within two minutes in one namespace, shortly before; no calls are known."""
    changes = (
        ClusterEvent(ms("09:50"), deployment("mail"), EventKind.ROLLOUT),
        ClusterEvent(ms(apart), deployment("post"), EventKind.ROLLOUT),
    )
    there = the_facts("mail", "post", edges=(), events=changes)
    timeline = Timeline(there).bad("10:00", "mail", signal="errors").bad("10:01", "post", signal="memory")
    assert timeline.groups == groups


def test_of_two_incidents_the_stronger_tie_wins():
    """x calls near, and mid that calls far: near is one call away, far two, though its trouble is newer."""
    timeline = Timeline(the_facts("x", "near", "mid", "far", edges=calls("x>near", "x>mid", "mid>far")))
    timeline.bad("10:00", "near", signal="memory").bad("10:02", "far", signal="cpu")
    assert timeline.bad("10:04", "x").groups == ["far", "near x"]


def test_of_two_incidents_as_near_the_newer_wins():
    timeline = Timeline(the_facts("x", "old", "new", edges=calls("x>old", "x>new")))
    timeline.bad("10:00", "old", signal="memory").bad("10:02", "new", signal="cpu")
    assert timeline.bad("10:04", "x").groups == ["new x", "old"]


# How it ends


def test_it_closes_when_all_its_signals_were_back_for_five_minutes():
    timeline = Timeline().bad("10:00", "db").bad("10:01", "cart")
    timeline.good("10:10", "db").good("10:12", "cart").until("10:20")
    assert timeline.lines[-1] == "10:17 closed cart db: all 2 signals are back in the band for 5 min"


def test_one_signal_that_stays_bad_keeps_it_open():
    timeline = Timeline().bad("10:00", "db").bad("10:01", "cart").good("10:10", "cart").until("11:00")
    assert timeline.groups == ["cart db"]


def test_a_series_that_merely_ends_closes_nothing():
    """M2: no data is not healthy. After a day we say that we lost sight of it."""
    timeline = Timeline().bad("10:00", "mail").until("23:00")
    assert timeline.groups == ["mail"]
    timeline.tick(ms("10:00") + 86_400_001)
    assert "lost from sight: no bad or good sample for a day" in timeline.lines[-1]


@pytest.mark.parametrize(
    ("quality", "line"),
    [
        (Quality({"latency": "no data"}), "10:31 closed"),  # as soon as we see again
        (Quality({}, identity_error="answers for prod-us"), "10:31 closed"),
        (Quality({"memory": "no data"}), "10:15 closed"),  # another signal's blindness
    ],
)
def test_while_we_are_blind_for_it_an_incident_does_not_end(quality, line):
    """M2: calm since 10:10, blind from 10:11 to 10:30: nobody knows whether it stayed calm."""
    timeline = Timeline().bad("10:00", "mail").good("10:10", "mail").until("10:30", quality=quality)
    assert timeline.until("10:35").lines[-1].startswith(line)


def test_what_was_deleted_is_closed_as_deleted():
    timeline = Timeline().bad("10:00", "mail")
    timeline.facts = the_facts(events=(ClusterEvent(ms("10:02"), deployment("mail"), EventKind.DELETED),))
    timeline.until("10:06")
    assert timeline.lines[-1] == "10:05 closed mail: deleted: Deployment/shop/mail"


def test_what_was_deleted_and_made_anew_is_not():
    timeline = Timeline().bad("10:00", "mail")
    events = [(EventKind.DELETED, "10:02"), (EventKind.DEPLOYED, "10:03")]
    timeline.facts = the_facts(
        events=tuple(ClusterEvent(ms(at), deployment("mail"), kind) for kind, at in events)
    )
    assert timeline.until("10:20").groups == ["mail"]


@pytest.mark.parametrize(("born_before_ms", "groups"), [(999, ["mail"]), (1000, [])])
def test_births_are_told_in_whole_seconds_and_ends_in_between(born_before_ms, groups):
    """Deleted at 10:02:00.999 and made anew within that second, which is told as 10:02:00.000."""
    gone_ms = ms("10:02") + 999
    born = ClusterEvent(gone_ms - born_before_ms, deployment("mail"), EventKind.DEPLOYED)
    timeline = Timeline().bad("10:00", "mail", since="10:00")
    timeline.facts = the_facts(events=(born, ClusterEvent(gone_ms, deployment("mail"), EventKind.DELETED)))
    assert timeline.until("10:20").groups == groups


# What comes back


@pytest.mark.parametrize(
    ("again", "line"),
    [("10:45", "10:45 anomaly reopened cart"), ("10:50", "10:50 opened observed cart")],
)
def test_what_comes_back_within_half_an_hour_is_the_same_incident(again, line):
    """It closed at 10:15; 1800 s later a new bad sample is a new incident, of the same fingerprint."""
    timeline = Timeline().bad("10:00", "cart").good("10:10", "cart").until("10:20")
    first = timeline.book.closed[0]
    timeline.until(again[:-1] + "0").bad(again, "cart", since=again)
    assert sorted(timeline.lines[-1].split()) == sorted(line.split())
    assert timeline.open[0].fingerprint == first.fingerprint
    assert (timeline.open[0].id == first.id) == ("reopened" in line)


def test_flapping_is_counted_and_in_the_end_needs_a_longer_calm():
    """M10: after three returns it stays open until calm for half an hour, instead of five minutes."""
    timeline = Timeline()
    for bad, good in [("10:00", "10:05"), ("10:15", "10:20"), ("10:30", "10:35"), ("10:45", "10:50")]:
        timeline.bad(bad, "cart", since=bad).good(good, "cart").until(good[:3] + f"{int(good[3:]) + 6:02d}")
    assert timeline.open[0].flaps == 3  # closed at 10:10, 10:25, 10:40, and not at 10:55
    timeline.until("11:25")
    assert timeline.lines[-1] == (
        "11:20 closed cart: its signal is back in the band for 30 min, "
        "longer than usual because it came back 3 times"
    )
    assert len([line for line in timeline.lines if "opened observed" in line]) == 1


# What was broken when we came


@pytest.mark.parametrize(("since", "kind"), [("08:10", "known"), ("08:11", "observed")])
def test_what_was_broken_at_first_sight_is_known(since, kind):
    """5.3: whatever began within 600 s after a scope was first seen."""
    timeline = Timeline().bad("08:13", "cart", since=since)
    assert timeline.open[0].kind == kind


def test_known_breakage_stays_known_until_it_was_healthy_once():
    """Once it was, what breaks is new, though its first sight is still near: here that is four hours."""
    timeline = Timeline(settings=Correlation(first_sight_s=4 * 3600))
    timeline.bad("08:05", "cart").bad("09:30", "cart", signal="cpu")
    assert timeline.groups == ["cart"]
    timeline.good("10:00", "cart").good("10:00", "cart", signal="cpu").until("10:06")
    timeline.bad("10:08", "cart", since="10:07").bad("10:08", "till", since="10:07")
    assert sorted((one.prime.name, one.kind) for one in timeline.open) == [
        ("cart", "observed"),
        ("till", "known"),
    ]


def test_known_breakage_does_not_swallow_a_neighbour_that_breaks_now():
    timeline = Timeline().bad("08:05", "cart").bad("10:00", "front")
    assert [one.kind for one in timeline.open] == ["known", "observed"]


@pytest.mark.parametrize(("kind", "expected"), [("Job", "observed"), ("Deployment", "known")])
def test_a_job_that_fails_right_after_it_began_is_new_trouble(kind, expected):
    """Each run of a CronJob is a new object; a Deployment that never was well has nothing to go back to."""
    run = Target(kind, "shop", "report")
    timeline = Timeline()
    timeline.facts = replace(timeline.facts, workloads={**timeline.facts.workloads, run: Workload(run)})
    timeline.bad("10:00", run, signal="errors", since="10:00")
    assert [one.kind for one in timeline.open] == [expected]


def test_a_job_that_had_failed_before_we_looked_is_known():
    run = Target("Job", "shop", "report")
    assert Timeline().bad("08:05", run, signal="errors", since="08:00").open[0].kind == "known"


def test_a_workload_that_appears_later_has_a_first_sight_of_its_own():
    timeline = Timeline(the_facts("cart")).until("08:30")
    timeline.facts = the_facts("cart", "mail")
    timeline.until("08:31").bad("08:33", "mail", since="08:31").bad("08:33", "cart", since="08:31")
    assert sorted(f"{one.kind} {one.prime.name}" for one in timeline.open) == ["known mail", "observed cart"]


def test_a_node_that_no_fact_names_was_first_seen_when_we_began():
    assert Timeline().bad("08:05", N1, signal="disk").open[0].kind == "known"
    assert Timeline().bad("10:05", N1, signal="disk").open[0].kind == "observed"


# What is merely expected


def predicted(timeline, at, name="db", due="13:00"):
    return timeline.bad(at, name, signal="disk", kind=AnomalyKind.PREDICTED, expected_at_ms=ms(due))


def test_what_is_expected_is_an_incident_of_its_own_kind():
    timeline = predicted(Timeline(), "10:00")
    assert timeline.lines == ["10:00 opened predicted db"]
    (one,) = timeline.open
    assert "is heading for its limit" in one.opened_because
    assert "on its way to" in one.opened_because
    assert one.opened_because.endswith("at 2023-11-15 13:00")


def test_it_neither_joins_nor_swallows_what_is_bad_now():
    timeline = predicted(Timeline().bad("10:00", "cart"), "10:01")
    assert [one.kind for one in timeline.open] == ["observed", "predicted"]
    timeline.bad("10:02", "db")  # slow, not full
    assert timeline.groups == ["cart db", "db"]


def test_a_prediction_that_comes_true_gives_way_to_the_incident():
    timeline = predicted(Timeline(), "10:00").bad("12:50", "db", signal="disk")
    assert timeline.lines[1:] == [
        f"12:50 closed db: came true: incident {timeline.open[0].id}",
        "12:50 opened observed db",
    ]


def test_what_is_here_already_is_not_predicted_beside_it():
    timeline = predicted(Timeline().bad("10:00", "db", signal="disk"), "10:10")
    assert timeline.groups == ["db"]
    timeline.good("10:20", "db", signal="disk").until("14:00")  # "all 2 signals" would count it twice
    assert timeline.lines[-1].endswith("closed db: its signal is back in the band for 5 min")


# What others say


def alert(at, name="CartSlow", target="cart", until=None):
    until_ms = ms(until) if until else None
    return Alert(name, deployment(target), ms(at), until_ms, "page", f"https://runbooks/{name}")


def test_a_firing_alert_of_the_same_target_joins_with_its_runbook():
    timeline = Timeline().bad("10:00", "cart")
    timeline.facts = the_facts(alerts=(alert("10:04"), alert("10:04", target="mail"), alert("11:00")))
    timeline.until("10:05")
    (joined,) = timeline.open[0].alerts
    assert (joined.name, joined.runbook_url) == ("CartSlow", "https://runbooks/CartSlow")
    assert timeline.lines[-1] == "10:04 alert cart"


@pytest.mark.parametrize(("until", "joins"), [("09:57", 0), ("09:58", 1)])
def test_an_alert_that_ended_before_the_first_bad_sample_is_another_story(until, joins):
    timeline = Timeline(the_facts(alerts=(alert("09:30", until=until),))).bad("10:00", "cart")
    assert len(timeline.open[0].alerts) == joins


def test_an_alert_is_told_once():
    timeline = Timeline(the_facts(alerts=(alert("09:59"),))).bad("10:00", "cart").until("10:30")
    assert [line for line in timeline.lines if "alert" in line] == []  # it was there when it opened
    assert len(timeline.open[0].alerts) == 1


# Words and names


def test_an_incident_says_by_which_rule_it_was_opened():
    timeline = Timeline().bad("10:00", "cart")
    assert timeline.open[0].opened_because == (
        "latency of Deployment/shop/cart left its band: 2 s, expected at least 0 s and at most 1 s"
    )


def test_a_restart_goes_on_as_if_nothing_had_happened():
    kept = Timeline().bad("10:00", "db").bad("10:01", "cart").until("10:05")
    again = Timeline().bad("10:00", "db").bad("10:01", "cart").until("10:05").restart()
    for timeline in (kept, again):
        timeline.bad("10:06", "front").good("10:10", "db", "cart", "front").until("10:20").bad(
            "10:30", "cart"
        )
    assert kept.book == again.book
    assert kept.lines == again.lines


def test_the_windows_are_those_of_the_settings():
    timeline = Timeline(settings=Correlation(close_after_s=60)).bad("10:00", "cart").good("10:05", "cart")
    assert timeline.until("10:07").lines[-1] == "10:06 closed cart: its signal is back in the band for 1 min"


def test_a_container_killed_for_memory_makes_a_predicted_end_come_true():
    timeline = Timeline().bad(
        "10:00", "db", signal="memory", kind=AnomalyKind.PREDICTED, expected_at_ms=ms("12:00")
    )
    timeline.bad("11:55", "db", signal="oom", role=Role.CONDITION, condition="OOMKilled")
    assert [one.kind for one in timeline.open] == ["observed"]
    assert "came true" in timeline.lines[1]


# What is faint and alone


@pytest.mark.parametrize("signal", ["cpu", "memory", "traffic"])
def test_one_faint_resource_alone_opens_only_when_it_lasts(signal):
    """Bad since 09:58 with a score of 2: nobody is told before 10:08, ten minutes after."""
    timeline = Timeline().bad("10:00", "cart", signal=signal, score=2.0).until("10:07")
    assert timeline.lines == []
    assert timeline.until("10:08").lines == ["10:08 opened observed cart"]
    assert timeline.open[0].since_ms == ms("09:58")
    assert timeline.open[0].opened_because.endswith("at most 1 s, for 10 min")


def test_what_was_faint_and_went_away_was_never_told():
    timeline = Timeline().bad("10:00", "cart", signal="cpu", score=2.0).good("10:07", "cart", signal="cpu")
    assert timeline.until("10:30").lines == []
    assert timeline.book.alone == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"signal": "latency", "score": 1.0},  # callers feel it
        {"signal": "errors", "score": 1.0},
        {"signal": "disk", "score": 1.0},  # it fills up for good
        {"signal": "cpu", "score": 4.0},  # loud
        {"signal": "traffic", "score": 4.0, "direction": Direction.DOWN},
        {"signal": "crash", "score": 1.0, "role": Role.CONDITION, "condition": "CrashLoopBackOff"},
    ],
)
def test_what_matters_by_itself_opens_at_once(changes):
    assert Timeline().bad("10:00", "cart", **changes).lines == ["10:00 opened observed cart"]


def faint(timeline, at, name, signal, **changes):
    return timeline.bad(at, name, signal=signal, score=2.0, **changes)


@pytest.mark.parametrize(
    ("name", "signal", "direction", "groups"),
    [
        ("cart", "memory", Direction.UP, ["cart"]),  # of one workload
        ("db", "memory", Direction.UP, ["cart db"]),  # along a call
        ("db", "cpu", Direction.UP, []),  # the same along a call: load moves through all of them
        ("cart", "memory", Direction.DOWN, []),  # the other way
        ("cart", "traffic", Direction.UP, []),  # more requests cost more CPU: one sign, not two
        ("mail", "memory", Direction.UP, []),  # nothing ties them
    ],
)
def test_two_faint_signals_that_agree_second_each_other(name, signal, direction, groups):
    timeline = faint(Timeline(), "10:00", "cart", "cpu")
    assert faint(timeline, "10:01", name, signal, direction=direction).groups == groups


def test_a_faint_signal_joins_what_is_felt_also_when_that_comes_later():
    timeline = Timeline().bad("10:00", "db", signal="cpu", score=2.0).bad("10:03", "cart")
    assert timeline.groups == ["cart db"]
    assert timeline.open[0].since_ms == ms("09:58")


def test_a_faint_signal_that_becomes_loud_opens():
    timeline = Timeline().bad("10:00", "cart", signal="cpu", score=2.0)
    timeline.bad("10:02", "cart", signal="cpu", since="09:58", score=4.5)
    assert timeline.lines == ["10:02 opened observed cart"]


@pytest.mark.parametrize(("until", "open_ones"), [("13:29", 1), ("13:30", 0)])
def test_what_did_not_come_true_is_closed_half_an_hour_after_its_time(until, open_ones):
    """Expected at 13:00; whoever predicted it may have been restarted, and will not take it back."""
    timeline = predicted(Timeline(), "10:00").until(until)
    assert len(timeline.open) == open_ones
    assert timeline.lines[-1].endswith("has passed") == (open_ones == 0)


@pytest.mark.parametrize(
    ("score", "good", "groups"),
    [
        (2.0, None, ["cart db"]),  # the database pays for what the cart goes through
        (4.0, None, ["cart", "db"]),  # loud: a problem of its own
        (2.0, "10:28", ["cart", "db"]),  # the cart was well again: nothing to pay for
    ],
)
def test_what_is_faint_and_beside_what_is_bad_still_joins_it_however_late(score, good, groups):
    timeline = Timeline().bad("10:00", "cart")
    if good:
        timeline.good(good, "cart")
    timeline.bad("10:32", "db", signal="cpu", score=score)
    timeline.bad("10:32", "db", signal="memory", score=score)  # so that it need not wait
    assert timeline.groups == groups
