"""Kept: what a dry run leaves in a folder, so that it can be looked at as a daemon's state is: its
journal, the plots of its incidents, and what it was of.

The folder is made anew by each dry run; one that holds the state of a daemon is refused.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aiops.bootstrap.journal import JOURNAL, lead
from aiops.errors import InputError, Problem
from aiops.model import ClusterEvent, Direction, Plot, Signal, Story, Target
from aiops.model.wire import canonical, from_json, to_json
from aiops.ports import Store

MARK, PLOTS = "dry-run.json", "plots"
SHARP = 6  # digits of a plotted value: more than any screen shows


@dataclass(frozen=True, slots=True)
class Kept:
    """What a kept dry run was of."""

    recording: str
    cluster: str
    start_ms: int
    end_ms: int
    digest: str  # of the configuration
    signals: tuple[Signal, ...]


def keep(folder: Path, story: Story, signals: Sequence[Signal], journal: Store) -> None:
    """Write a dry run down. InputError where that is impossible, or where ``folder`` is a daemon's."""
    reserve(folder)
    try:
        for old in (*folder.glob(f"{JOURNAL}*"), *(folder / PLOTS).glob("*.json")):
            old.unlink()
        (folder / PLOTS).mkdir(exist_ok=True)
        for told in story.incidents:
            beside = {
                "plots": [_flat(plot) for plot in told.plots],
                "changes": [to_json(one) for one in told.changes],
            }
            _write(folder / PLOTS / f"{told.incident.id}.json", beside)
        of = Kept(
            story.recording, story.cluster, story.start_ms, story.end_ms, story.config_digest, tuple(signals)
        )
        _write(folder / MARK, to_json(of))
    except OSError as error:
        raise _unwritable(folder, error) from error
    with lead(folder) as store:
        store.append([one.entry for one in journal.read()], store.term())


def reserve(folder: Path) -> None:
    """InputError now where ``keep`` would raise it after all the work."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()) and not (folder / MARK).exists():
            got = "a folder that holds something else, perhaps the state of a daemon"
            raise InputError([Problem(f"--state {folder}", got, "a new folder, or that of another dry run")])
        (folder / MARK).touch()
    except OSError as error:
        raise _unwritable(folder, error) from error


def kept(folder: Path) -> Kept | None:
    """What ``folder`` was kept of; None where it is not a dry run's. InputError where it is damaged."""
    data = _read(folder / MARK)
    try:
        return None if data is None else from_json(Kept, data)
    except ValueError as error:
        raise InputError([Problem(str(folder / MARK), "a damaged file", "that of a dry run")]) from error


def kept_plots(folder: Path, incident_id: str) -> tuple[Plot, ...]:
    """The plots of an incident; none where there are none."""
    return tuple(_plot(one) for one in _beside(folder, incident_id).get("plots", ()))


def kept_changes(folder: Path, incident_id: str) -> tuple[ClusterEvent, ...]:
    """What changed near an incident; nothing where nothing is known."""
    return tuple(from_json(ClusterEvent, one) for one in _beside(folder, incident_id).get("changes", ()))


def _beside(folder: Path, incident_id: str) -> Mapping[str, Any]:
    if not incident_id.isalnum():  # an id of ours is; anything else is no name of a file
        return {}
    return _read(folder / PLOTS / f"{incident_id}.json") or {}


def _read(path: Path) -> Any:
    import orjson

    try:
        text = path.read_bytes()
        return orjson.loads(text) if text else None  # reserved by a dry run that did not end
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError([Problem(str(path), str(error), "a file that a dry run wrote")]) from error


def _write(path: Path, data: object) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    partial.write_bytes(canonical(data))
    partial.replace(path)


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError(
        [Problem(f"--state {folder}", str(error.strerror or error), "a folder that can be written")]
    )


def _flat(plot: Plot) -> dict[str, object]:
    target = plot.target
    lines = {name: _numbers(getattr(plot, name)) for name in ("values", "low", "high")}
    return {
        "target": [target.kind, target.namespace, target.name, target.cluster],
        "signal": plot.signal,
        "unit": plot.unit,
        "direction": plot.direction,
        "times_ms": plot.times.tolist(),
        "anomalous": np.flatnonzero(plot.anomalous).tolist(),
        **lines,
    }


def _numbers(values: Any) -> list[float | str]:
    """Rounded; infinities and gaps spelled, for JSON has neither."""
    return [float(f"{value:.{SHARP}g}") if abs(value) < np.inf else str(value) for value in values.tolist()]


def _plot(data: Mapping[str, Any]) -> Plot:
    anomalous = np.zeros(len(data["times_ms"]), bool)
    anomalous[data["anomalous"]] = True
    values, low, high = (np.array([float(one) for one in data[name]]) for name in ("values", "low", "high"))
    times = np.array(data["times_ms"], np.int64)
    target = Target(*data["target"])
    return Plot(
        target,
        data["signal"],
        data["unit"],
        Direction(data["direction"]),
        times,
        values,
        low,
        high,
        anomalous,
    )
