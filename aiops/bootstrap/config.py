"""Where the configuration is, and where the daemon keeps its state."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiops
from aiops.bootstrap.check import CHECKS
from aiops.errors import InputError
from aiops.settings import Settings, load
from aiops.settings.explain import Difference, differences
from aiops.settings.load import finish, read

CONFIG_VARIABLE = "AIOPS_CONFIG"
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration that holds, and what is to be said of it."""

    folder: Path
    settings: Settings
    differences: tuple[Difference, ...]  # from the defaults
    sources: tuple[str, ...]  # files that signals, playbooks and edges came from


def shipped_folder() -> Path:
    """The configuration that came with the program: in a wheel beside its code, in a checkout at its root."""
    package = Path(aiops.__file__).parent
    for folder in (package / "_config", package.parent / "config"):
        if folder.is_dir():
            return folder
    raise InputError(f"{package / '_config'}: expected the shipped configuration, got none: install again")


def config_folder(config_dir: Path | None) -> Path:
    """The folder to read: the one given, else that of ``$AIOPS_CONFIG``, else the shipped one."""
    if config_dir is not None:
        return config_dir
    named = os.environ.get(CONFIG_VARIABLE, "")
    return Path(named) if named else shipped_folder()


def load_settings(config_dir: Path | None = None) -> Settings:
    """The settings of ``config_folder(config_dir)``; ConfigError with every problem of the whole folder."""
    return load(config_folder(config_dir), shipped_folder(), CHECKS)


@functools.cache
def load_shipped() -> Settings:
    """The settings as shipped, whatever the environment says."""
    return load(shipped_folder(), checks=CHECKS)


def check_config(config_dir: Path | None = None) -> Checked:
    """As ``load_settings``, with where everything came from."""
    folder = config_folder(config_dir)
    draft = read(folder, shipped_folder(), CHECKS)
    settings = finish(draft)
    places = [one.place for one in draft.signals] + [one.place for one in draft.playbooks]
    sources = dict.fromkeys(place.file for place in [*places, *(one.place for one in draft.edges)])
    return Checked(folder, settings, tuple(differences(draft)), tuple(sources))


def find_state(config_dir: Path | None, state: S | None) -> S | Path:
    """The folder of journal and baselines: the place given, else the folder that the configuration names."""
    return state if state is not None else Path(load_settings(config_dir).state)
