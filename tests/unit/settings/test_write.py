"""Writing: what was read is written down so that it is read back equal."""

from aiops.bootstrap.config import load_shipped
from aiops.model import FreezeWindow, Playbook, Policy, Signal
from aiops.settings import load
from aiops.settings.schema import Main
from aiops.settings.write import write
from tests.unit.settings.folders import folder


def again(root, main, signals, playbooks):
    return load(
        folder(
            root,
            write(main),
            signals__own=write({"signals": signals}),
            playbooks__own=write({"playbooks": playbooks}),
        )
    )


def packless(signals):
    return [
        {name: getattr(one, name) for name in Signal.__dataclass_fields__ if name != "pack"}
        for one in signals
    ]


def test_the_shipped_configuration_is_read_back_equal(tmp_path):
    shipped = load_shipped()
    read = again(tmp_path, Main(), shipped.signals, shipped.playbooks)
    assert packless(read.signals) == packless(shipped.signals)
    assert read.playbooks == shipped.playbooks


def test_text_that_could_be_something_else_is_quoted(tmp_path):
    windows = tuple(
        FreezeWindow(name)
        for name in ("no", "1e3", "~", "# a", "a: b", "- a", "'", '"', "\\n", "é ü", " x ", "{}", "|")
    )
    policy = Policy(freeze_windows=windows)
    text = write(Main(policy=policy))
    assert load(folder(tmp_path, text)).policy == policy


def test_only_what_differs_is_written():
    assert write(Main()) == "{}\n"
    assert write(Main(policy=Policy(max_cordoned=2))) == "policy:\n  max_cordoned: 2\n"


def test_lines_of_a_text_stay_lines(tmp_path):
    texts = (
        "one\ntwo\n",
        "one\n\ntwo\n",
        " indented\ntwo\n",
        "no end\nof line",
        "two ends\n\n",
        "tab\there\n",
        "\n",
    )
    shipped = load_shipped()
    books = tuple(
        Playbook(f"book-{i}", "1", shipped.playbooks[0].when, shipped.playbooks[0].steps, runbook=text)
        for i, text in enumerate(texts)
    )
    assert again(tmp_path, Main(), shipped.signals, books).playbooks == books
