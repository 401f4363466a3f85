"""Draft: what could be read of a configuration, each value with its place, before the whole is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from aiops.errors import Problem
from aiops.model import Edge, Playbook, Signal
from aiops.settings import files
from aiops.settings.document import Items, Node, Table, parse, shown
from aiops.settings.fill import MISSING, fill, parts
from aiops.settings.report import Place, Report
from aiops.settings.schema import Main

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """A value and where it stands."""

    value: T
    place: Place


@dataclass(slots=True)
class Draft:
    """The parts that are right by themselves; ``main`` lacks the sections that are not."""

    report: Report
    main_place: Place
    main: dict[str, Any] = field(default_factory=dict)
    signals: list[Placed[Signal]] = field(default_factory=list)
    playbooks: list[Placed[Playbook]] = field(default_factory=list)
    edges: list[Placed[Edge]] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)  # folders and files in which something is wrong


def read(folder: Path, shipped: Path | None, report: Report) -> Draft:
    """The draft of ``folder``; signals and playbooks of ``shipped`` where it has no folder of its own."""
    draft = Draft(report, Place(report, str(folder / files.MAIN)))
    own = files.read(folder, report)
    missing = {files.SIGNALS, files.PLAYBOOKS} - own.folders
    draft.damaged = {name for name in own.folders if report.problems}  # a file may be missing
    lent = files.read(shipped, report) if shipped is not None and missing else None
    if files.MAIN not in own.contents and not report.problems:
        draft.main_place.wrong("no such file", "the file aiops.yaml (it may be as short as: policy: {})")
    for name, data in own.contents.items():
        _take(draft, folder, name, data)
    for name, data in (lent.contents if lent else {}).items():
        if shipped is not None and name.partition("/")[0] in missing:
            _take(draft, shipped, name, data)
    return draft


def _take(draft: Draft, folder: Path, name: str, data: bytes) -> None:
    place, noted = Place(draft.report, str(folder / name)), draft.report.count
    _fill(draft, name, data, place)
    if draft.report.count > noted:
        draft.damaged.add(name.partition("/")[0])


def _fill(draft: Draft, name: str, data: bytes, place: Place) -> None:
    repeated: list[Problem] = []
    tree = parse(place.file, data, repeated)
    for problem in repeated:
        draft.report.note(problem)
    if not isinstance(tree, Node):
        draft.report.note(tree)
        return
    match name.partition("/"):
        case files.MAIN, _, _:
            given = parts(Main, tree, place) or {}
            draft.main = {key: value for key, value in given.items() if value is not MISSING}
        case files.GRAPH, _, _:
            draft.edges += _listed(Edge, "edges", tree, place)
        case files.SIGNALS, _, file:
            draft.signals += _listed(Signal, "signals", tree, place, {"pack": file.removesuffix(".yaml")})
        case files.PLAYBOOKS, _, _:
            draft.playbooks += _listed(Playbook, "playbooks", tree, place)


def _listed(
    kind: type[T], key: str, tree: Node, place: Place, extra: Mapping[str, Any] | None = None
) -> list[Placed[T]]:
    """The values of a file whose one key is ``key``: each by itself, so that all problems are found."""
    if not isinstance(tree, Table):
        place.wrong(shown(tree), f"a mapping with the key {key}")
        return []
    for other, (text, _) in tree.entries.items():
        if other != key:
            place.at(other, text.line).unknown("an unknown key", other, [key])
    if key not in tree.entries:
        place.wrong(f"no {key}", f"the key {key}")
        return []
    text, listed = tree.entries[key]
    here = place.at(key, text.line)
    if not isinstance(listed, Items):
        here.wrong(shown(listed), "a list")
        return []
    placed = ((here.at(index, item.line), item) for index, item in enumerate(listed.items))
    made = [Placed(fill(kind, item, at, extra), at) for at, item in placed]
    return [one for one in made if one.value is not MISSING]
