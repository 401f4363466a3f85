"""Loading a folder: everything that is wrong is said at once, with its place; nothing by halves."""

import os
from dataclasses import replace

import pytest

from aiops.errors import ConfigError
from aiops.model import Edge, Mode, Target
from aiops.settings import load
from aiops.settings.schema import Main
from tests.unit.settings.folders import folder, playbooks, problems, signals


def test_a_folder_with_one_empty_section_is_all_defaults(tmp_path):
    settings = load(folder(tmp_path))
    assert Main(*(getattr(settings, name) for name in Main.__dataclass_fields__)) == Main()


def test_every_repeated_key_is_told_and_hides_no_other_problem(tmp_path):
    main = "policy: {}\npolicy: {}\ndetection: {step: 5s, step: 6s}\nx: 1\n"
    told = [one.partition(": ")[0::2] for one in problems(folder(tmp_path, main))]
    assert [where for where, _ in told] == [f"aiops.yaml:{line}" for line in (2, 3)] + ["aiops.yaml:4 x"]
    assert "key step again (first in line 3)" in told[1][1]


def test_every_problem_of_every_file_is_told_at_once_in_the_order_of_the_lines(tmp_path):
    main = """\
detection:
  step: 15
  opn_after: 3
  timezone: Europe/Berln
policy:
  mode: automatic
  budgets: {cluster_per_hour: -1}
"""
    told = problems(
        folder(
            tmp_path,
            main,
            signals__own="signals:\n  - name: e\n    unit: s\n",
            playbooks__own=playbooks().replace("crash_loop", "crash_lop"),
            graph="edges: [{caller: web, callee: Service/shop/db}]",
        )
    )
    assert told == [
        'aiops.yaml:2 detection.step: expected a duration with its unit, such as "15s", "6h" or "14d", '
        "at most ten years, got 15",
        'aiops.yaml:3 detection.opn_after: expected "open_after" (did you mean that?), got an unknown key',
        "aiops.yaml:4 detection.timezone: expected a name such as Europe/Berlin, got 'Europe/Berln'",
        'aiops.yaml:6 policy.mode: expected "auto" (did you mean that?), got automatic',
        "aiops.yaml:7 policy.budgets.cluster_per_hour: expected 0 to 1000000, got -1",
        "graph.yaml:1 edges[0].caller: expected Kind/namespace/name or Kind/name, got web",
        'playbooks/own.yaml:4 playbooks[0].when.classes[0]: expected "crash_loop" (did you mean that?), got '
        "'crash_lop'",
        "signals/own.yaml:2 signals[0]: expected the key query, got no query",
        "signals/own.yaml:2 signals[0]: expected the key role, got no role",
        "signals/own.yaml:2 signals[0]: expected the key target, got no target",
    ]


@pytest.mark.parametrize(
    ("main", "says"),
    [
        ("[]", "aiops.yaml: expected a mapping, got a list of 0"),
        ("policy: 3", "aiops.yaml:1 policy: expected a mapping, got 3"),
        ("policy:", "aiops.yaml:1 policy: expected a mapping, got nothing"),
        ("polcy: {}", 'expected "policy" (did you mean that?), got an unknown key'),
        ("zzzzzz: {}", "expected one of approvals, audit, cluster, correlation, detection"),
        ("policy: {mode: on}", "policy.mode: expected one of ask, auto, observe, suggest, got on"),
        ("policy: {approvers: on-call}", "policy.approvers: expected a list, got on-call"),
        ("policy: {approvers: [no]}", 'policy.approvers[0]: expected text, in quotes: "no", got no'),
        ("policy: {max_cordoned: 1e3}", "policy.max_cordoned: expected a whole number"),
        ("policy: {max_cordoned: 010}", "policy.max_cordoned: expected a whole number, in decimal"),
        ("policy: {max_cordoned: 0o10}", "policy.max_cordoned: expected a whole number, in decimal"),
        ("policy: {max_cordoned: true}", "policy.max_cordoned: expected a whole number"),
        ("policy: {max_cordoned: null}", "policy.max_cordoned: expected a whole number"),
        ("prometheus: {compress: yes}", "prometheus.compress: expected true or false, got yes"),
        ("prometheus: {url: [a]}", "prometheus.url: expected a single value, got a list of 1"),
        ("cluster: {name: 1.20}", 'cluster.name: expected text, in quotes: "1.20"'),
        ("cluster: {name: 'a b'}", "cluster.name: expected a name of letters"),
        ("server: {port: 65536}", "server.port: expected 0 to 65535, got 65536"),
        ("server: {host: ''}", "server.host: expected an address to listen on"),
        ("server: {names: [aiops.example:443]}", "server.names: expected the name of a host without a port"),
        ("server: {names: ['*']}", "server.names: expected the name of a host without a port, no pattern"),
        ("state: ''", "state: expected a folder"),
        ("detection: {step: 500ms}", "detection.step: expected a duration of whole seconds, got 500ms"),
        ("detection: {step: 2h}", "detection.step: expected 1s to 1h, got 2h"),
        (
            "detection: {open_after: 6}",
            "detection.open_after: expected at most 5, the samples that are looked at",
        ),
        ("detection: {holidays: XX}", "detection.holidays: expected a country such as DE or DE-BY, got 'XX'"),
        ("detection: {holidays: DE-XX}", "detection.holidays: expected a country such as DE or DE-BY"),
        (
            "detection: {timezone: ../../etc/passwd}",
            "detection.timezone: expected a name such as Europe/Berlin",
        ),
        ("policy: {breaker: {failures: 11}}", "policy.breaker.failures: expected at most 10"),
        ("policy: {approvers: []}", "policy.approvers: expected at least one role that is asked"),
        ("policy: {facts_max_age: 11m}", "policy.facts_max_age: expected 1s to 10m, got 11m"),
        ("policy: {protected_namespaces: [shop]}", "policy.protected_namespaces: expected kube-system"),
        ("policy: {own_namespace: ''}", "policy.own_namespace: expected the exact name"),
        ("policy: {opt_in_label: ''}", "policy.opt_in_label: expected the key of a label"),
        ("prometheus: {url: ftp://x}", "prometheus.url: expected an address such as http://prometheus:9090"),
        ("prometheus: {remote_read: maybe}", 'prometheus.remote_read: expected "auto" or "never"'),
        ("prometheus: {verify: false}", "prometheus.verify: expected one of"),
    ],
)
def test_what_is_wrong_with_one_setting(tmp_path, main, says):
    (told,) = problems(folder(tmp_path, main))
    assert says in told


def test_two_settings_are_not_compared_while_one_of_them_cannot_be_read(tmp_path):
    """Six of "many" may be right; compared with the default of 5 it would be called wrong."""
    (told,) = problems(folder(tmp_path, "detection: {open_after: 6, open_of: many}"))
    assert "open_of" in told


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ("start: '25:00'", "freeze_windows[0].start: expected HH:MM, got '25:00'"),
        ("start: '9:00'", "freeze_windows[0].start: expected HH:MM, got '9:00'"),
        ("end: '24:01'", "freeze_windows[0].end: expected HH:MM, got '24:01'"),
        ("weekdays: [monday]", "freeze_windows[0].weekdays: expected mon, tue, wed"),
        ("from_date: 2026-02-30", "freeze_windows[0].from_date: expected YYYY-MM-DD, got '2026-02-30'"),
        (
            "from_date: 2026-03-02, to_date: 2026-03-01",
            "freeze_windows[0].to_date: expected 2026-03-02 or later",
        ),
        ("timezone: Mars/Olympus", "freeze_windows[0].timezone: expected a name such as Europe/Berlin"),
        ("namespaces: ['*']", "freeze_windows[0].namespaces[0]: expected the exact name of a namespace"),
    ],
)
def test_a_freeze_window_that_cannot_be_read_is_refused(tmp_path, window, says):
    """B5: a window that nobody can read would freeze nothing."""
    (told,) = problems(folder(tmp_path, f"policy: {{freeze_windows: [{{name: w, {window}}}]}}"))
    assert says in told


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ("{mode: auto}", "expected a namespace, a workload or a playbook, got none: it matches all"),
        ("{mode: auto, namespace: ''}", "it matches all"),
        (
            "{mode: auto, namespace: '*'}",
            "scopes[0].namespace: expected the exact name of a namespace, no pattern",
        ),
        ("{mode: auto, workload: cart}", "scopes[0].workload: expected Kind/namespace/name"),
        ("{mode: auto, workload: 'Deployment/shop/*'}", "scopes[0].workload: expected Kind/namespace/name"),
        ("{mode: auto, playbook: bck}", 'scopes[0].playbook: expected "back" (did you mean that?)'),
        ("{namespace: shop}", "scopes[0]: expected the key mode, got no mode"),
    ],
)
def test_a_scope_that_matches_everything_or_nothing_is_refused(tmp_path, scope, says):
    """B1."""
    (told,) = problems(folder(tmp_path, f"policy: {{scopes: [{scope}]}}"))
    assert says in told


def test_a_scope_is_read(tmp_path):
    settings = load(folder(tmp_path, "policy: {mode: auto, scopes: [{mode: ask, playbook: back}]}"))
    assert (settings.policy.mode, settings.policy.scopes[0].mode) == (Mode.AUTO, Mode.ASK)


@pytest.mark.parametrize(
    "prometheus",
    [
        "headers: {X-Key: [hunter2]}",
        "headers: {X-Key: 2222hunter2: a}",
        "headers: {X-Key: 22222222}",
        "bearer_token: hunter2",
        "url: 'http://user:hunter2@prometheus:9090'",
        "url: 'ftp://user:hunter2@prometheus:9090'",
        "url: 'http://prometheus:9090/?key=hunter2'",
        "basic_password_file: [hunter2]",
    ],
)
def test_a_secret_is_never_shown(tmp_path, prometheus):
    """S8."""
    told = "".join(problems(folder(tmp_path, f"prometheus: {{{prometheus}}}")))
    assert "hunter2" not in told
    assert "22222222" not in told


def test_a_problem_cannot_steer_a_terminal_and_is_not_endless(tmp_path):
    """S9."""
    told = problems(folder(tmp_path, '"\\e[2J": 1\n"\\u202e": 2\n' + f"log: {{level: {'x' * 10_000}}}"))
    assert all(one.isprintable() and len(one) < 1000 for one in told)


def test_more_than_a_hundred_problems_are_counted(tmp_path):
    """150 unknown keys: the first hundred, and how many more."""
    told = problems(folder(tmp_path, "policy:\n" + "".join(f"  key{i}: 1\n" for i in range(150))))
    assert len(told) == 101
    assert told[-1] == "and: expected none, got 50 problems more"


def test_no_folder_is_an_error(tmp_path):
    assert problems(tmp_path / "none") == [
        f"{tmp_path / 'none'}: expected a folder that can be read, got No such file or directory"
    ]


def test_a_file_is_no_folder(tmp_path):
    assert "Not a directory" in problems(folder(tmp_path) / "aiops.yaml")[0]


def test_a_folder_without_aiops_yaml_is_an_error(tmp_path):
    assert "aiops.yaml: expected the file aiops.yaml" in problems(folder(tmp_path, main=None))[0]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("signals/more.yml", "expected only files that end in .yaml here, got a file called 'more.yml'"),
        ("signals/README.md", "expected only files that end in .yaml here"),
        ("aiops.yml", 'expected "aiops.yaml" (did you mean that?)'),
        ("playbook", 'expected "playbooks" (did you mean that?)'),
    ],
)
def test_a_file_that_would_be_overlooked_is_an_error(tmp_path, name, says):
    folder(tmp_path)
    (tmp_path / name).write_text("signals: []")
    assert says in problems(tmp_path)[0]


def test_hidden_files_and_notes_are_nobody_s_business(tmp_path):
    folder(tmp_path)
    for name in (".git", "README.md", "signals/.own.yaml.swp"):
        (tmp_path / name).write_text("x")
    assert load(tmp_path).signals


def test_what_is_no_file_is_not_opened(tmp_path):
    """A pipe would never end, a broken link leads nowhere."""
    folder(tmp_path)
    os.mkfifo(tmp_path / "signals" / "pipe.yaml")
    (tmp_path / "signals" / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "signals" / "folder.yaml").mkdir()
    assert problems(tmp_path) == [
        "signals/folder.yaml: expected a file, got something that is no file",
        "signals/gone.yaml: expected a file that can be read, got No such file or directory",
        "signals/pipe.yaml: expected a file, got something that is no file",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path):
    (folder(tmp_path) / "signals" / "own.yaml").chmod(0)
    assert "Permission denied" in problems(tmp_path)[0]


@pytest.mark.parametrize("place", ["signals__own", "playbooks__own", "graph"])
@pytest.mark.parametrize(
    "content", ["", "3", "[]", "{}", "other: []", b"\xff", "signals: {}\nplaybooks: {}\nedges: {}"]
)
def test_every_file_must_be_one_of_ours(tmp_path, place, content):
    assert all(
        one.startswith(place.replace("__", "/")) for one in problems(folder(tmp_path, **{place: content}))
    )


def test_one_wrong_file_and_nothing_is_in_force(tmp_path):
    """B7: a configuration is valid as a whole or not at all."""
    with pytest.raises(ConfigError):
        load(folder(tmp_path, "policy: {mode: auto}", playbooks__bad="playbooks: [{}]"))


def test_two_signals_or_playbooks_with_one_name_are_refused(tmp_path):
    told = problems(folder(tmp_path, signals__b=signals("errors"), playbooks__b=playbooks("back")))
    assert [one.partition(" (")[0] for one in told] == [
        "playbooks/own.yaml:2 playbooks[0].name: expected each once, got 'back' again",
        "signals/own.yaml:2 signals[0].name: expected each once, got 'errors' again",
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("query: up", "query: ' '"), "query: expected a query in PromQL, got nothing"),
        (("role: errors", "role: condition"), "condition: expected what a value of 1 means"),
        (("role: errors", "role: errors\n    condition: Bad"), "role: expected condition"),
        (("role: errors", "role: error"), 'role: expected "errors" (did you mean that?)'),
        (("name: errors", "name: 'a b'"), "name: expected a name of letters"),
        (("namespace: namespace, ", ""), "target.namespace: expected the label that holds the namespace"),
        (("kind: Pod", "kind: Node"), "target.namespace: expected no namespace: a Node has none"),
        (("name: pod", "name: a-b"), "target.name: expected the name of a label"),
        (("unit: ratio", "unit: ratio\n    detectors: []"), "detectors: expected at least one detector"),
        (("unit: ratio", "unit: ratio\n    min_abs: -1"), "min_abs: expected 0 to"),
        (("unit: ratio", "unit: ratio\n    for: 25h"), "for: expected 0s to 1d, got 1d1h"),
        (("unit: ratio", "unit: ratio\n    pack: mine"), "pack: expected"),
    ],
)
def test_what_is_wrong_with_a_signal(tmp_path, change, says):
    (told,) = problems(folder(tmp_path, signals__own=signals().replace(*change)))
    assert says in told


def test_edges_are_read_and_none_is_a_pattern(tmp_path):
    text = "edges: [{caller: Deployment/shop/web, callee: StatefulSet/shop/db}]"
    web, db = Target("Deployment", "shop", "web"), Target("StatefulSet", "shop", "db")
    assert load(folder(tmp_path, graph=text)).edges == (Edge(web, db),)
    assert "no pattern" in problems(folder(tmp_path, graph=text.replace("web", "*")))[0]
    same = text.replace("StatefulSet/shop/db", "Deployment/shop/web")
    assert "another target than the caller" in problems(folder(tmp_path, graph=same))[0]


def lent(root):
    """A folder to fall back to."""
    return folder(
        root,
        signals__shipped=signals("lent"),
        playbooks__shipped=playbooks("lent"),
        signals__own=None,
        playbooks__own=None,
    )


def test_signals_and_playbooks_are_lent_where_the_folder_has_none(tmp_path):
    shipped = lent(tmp_path / "shipped")
    mine = folder(tmp_path / "mine", signals__own=None, playbooks__own=None)
    settings = load(mine, shipped)
    assert [one.name for one in settings.signals] == ["lent"]
    assert [one.name for one in settings.playbooks] == ["lent"]


def test_a_folder_of_its_own_replaces_what_is_lent(tmp_path):
    shipped = lent(tmp_path / "shipped")
    settings = load(folder(tmp_path / "mine", playbooks__own=None), shipped)
    assert [one.name for one in settings.signals] == ["errors"]
    assert [one.name for one in settings.playbooks] == ["lent"]


def test_what_is_switched_off_is_checked_and_not_used(tmp_path):
    main = "off: {packs: [more], signals: [errors], playbooks: [back]}"
    more = {
        "signals__more": signals("a", "b"),
        "signals__rest": signals("c"),
        "playbooks__more": playbooks("forth"),
    }
    settings = load(folder(tmp_path, main, **more))
    assert [one.name for one in settings.signals] == ["c"]
    assert [one.name for one in settings.playbooks] == ["forth"]


def test_only_what_exists_can_be_switched_off(tmp_path):
    told = problems(folder(tmp_path, "off: {packs: [onw], signals: [error], playbooks: [bak]}"))
    assert [one.partition(": ")[2].partition(" (")[0] for one in told] == [
        'expected "own"',
        'expected "errors"',
        'expected "back"',
    ]


def test_nothing_to_watch_is_an_error(tmp_path):
    """A daemon that looks at nothing would call everything healthy."""
    assert "at least one signal to watch" in problems(folder(tmp_path, "off: {packs: [own]}"))[0]
    assert "at least one signal to watch" in problems(folder(tmp_path, signals__own="signals: []"))[0]


@pytest.mark.parametrize("jumps", [1, 2, 3, 4])
def test_a_configuration_that_is_exchanged_while_it_is_read_is_never_a_mix(tmp_path, jumps):
    """B7: a mounted ConfigMap is two folders and a link that jumps between them; it may jump back."""
    old = folder(tmp_path / "old", "cluster: {name: old}", signals__own=signals("old"))
    new = folder(tmp_path / "new", "cluster: {name: new}", signals__own=signals("new"))
    (tmp_path / "mounted").symlink_to(old)

    class Jumping(type(tmp_path)):
        """A path that exchanges the link each time a file below it is opened, so many times."""

        done = 0

        def open(self, *arguments, **named):
            if Jumping.done < jumps:
                Jumping.done += 1
                (tmp_path / "next").symlink_to(new if Jumping.done % 2 else old)
                (tmp_path / "next").rename(tmp_path / "mounted")
            return super().open(*arguments, **named)

    settings = load(Jumping(tmp_path / "mounted"))
    assert Jumping.done == jumps
    assert (settings.cluster.name, settings.signals[0].name) in {("old", "old"), ("new", "new")}


def test_a_file_that_appears_while_the_folder_is_listed_is_not_left_out(tmp_path):
    """B7: what was listed of the old version and read of the new one would lack a file."""
    old = folder(tmp_path / "old")
    new = folder(tmp_path / "new", graph="edges: [{caller: Deployment/a/b, callee: Deployment/a/c}]")
    (tmp_path / "mounted").symlink_to(old)

    class Jumping(type(tmp_path)):
        """A path that exchanges the link right after its names were listed for the first time."""

        done = False

        def iterdir(self):
            names = list(super().iterdir())
            if not Jumping.done:
                Jumping.done = True
                (tmp_path / "next").symlink_to(new)
                (tmp_path / "next").rename(tmp_path / "mounted")
            return iter(names)

    assert load(Jumping(tmp_path / "mounted")).edges


def test_a_folder_that_never_holds_still_is_refused(tmp_path):
    folder(tmp_path)

    class Restless(type(tmp_path)):
        """A path whose file grows each time it is opened."""

        def open(self, *arguments, **named):
            with open(self, "a") as file:  # noqa: PTH123 - past the path itself
                file.write("#\n")
            return super().open(*arguments, **named)

    assert "files that hold still" in problems(Restless(tmp_path))[0]


def test_the_digest_names_the_configuration_and_not_its_secrets(tmp_path):
    one = load(folder(tmp_path / "a", "prometheus: {headers: {X-Key: one}}"))
    other = load(folder(tmp_path / "b", "# a comment\nprometheus: {headers: {X-Key: two}}"))
    more = load(folder(tmp_path / "c", "prometheus: {headers: {X-Key: one}}\npolicy: {mode: ask}"))
    assert one.digest == other.digest
    assert more.digest != one.digest
    assert replace(one, digest="") != replace(more, digest="")
