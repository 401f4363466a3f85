"""Replay a recording under a configuration: the dry run."""

from pathlib import Path

from aiops.adapters.memory import MemoryStore
from aiops.bootstrap.config import load_settings
from aiops.bootstrap.recordings import open_recording
from aiops.bootstrap.rules import make_rules, merged
from aiops.engine.replay import Progress, Replayed, quietly
from aiops.engine.replay import replay as run
from aiops.model import Story


def replay_all(
    recording: Path, config_dir: Path | None = None, progress: Progress = quietly, until_ms: int | None = None
) -> Replayed:
    """The story with its bands and the loop's end state; InputError, ConfigError where inputs are wrong."""
    settings = load_settings(config_dir)
    opened = open_recording(recording)
    rules = make_rules(settings, merged(opened.signals, settings.signals), opened.cluster)
    return run(opened, rules, MemoryStore(), progress, until_ms)


def replay(recording: Path, config_dir: Path | None = None, progress: Progress = quietly) -> Story:
    """What the daemon would have noticed, blamed and done over ``recording``."""
    return replay_all(recording, config_dir, progress).story
