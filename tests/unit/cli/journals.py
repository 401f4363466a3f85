"""A daemon's state folder, made by the replay of the small recording: the same loop, the same journal."""

from aiops.adapters.baselines import FileBaselines
from aiops.adapters.sqlite.store import SqliteStore
from aiops.bootstrap.config import load_settings
from aiops.bootstrap.journal import JOURNAL
from aiops.bootstrap.recordings import open_recording
from aiops.bootstrap.rules import make_rules, merged
from aiops.engine.replay import replay
from aiops.engine.screens import Screens


def make(state, recording, until_ms=None):
    """Write ``state`` as a daemon that watched ``recording`` would have left it."""
    state.mkdir()
    held, settings = open_recording(recording), load_settings()
    rules = make_rules(settings, merged(held.signals, settings.signals), held.cluster)
    store = SqliteStore(state / JOURNAL)
    replay(held, rules, store, until_ms=until_ms)
    store.close()
    screens = Screens(rules, rules.detection.step_s)
    screens.judge({one.name: held.panel(one.name) for one in held.signals})
    screens.save(FileBaselines(state / "baselines"))
    return state
