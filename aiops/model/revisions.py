"""Revisions: what a pod template says without its bookkeeping, and which earlier one proved itself."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiops.model.facts import Revision

BOOKKEEPING = frozenset(  # labels that controllers write into the templates that they keep
    {"pod-template-hash", "controller-revision-hash", "pod-template-generation"}
)
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def bare(template: Mapping[str, Any]) -> dict[str, Any]:
    """``template`` as a person would have written it: without hashes, operations and empty times."""
    kept = {key: value for key, value in template.items() if key != "$patch"}
    metadata = kept.get("metadata")
    if not isinstance(metadata, Mapping):
        return kept
    clean = {key: value for key, value in metadata.items() if value is not None}
    if isinstance(labels := clean.get("labels"), Mapping):
        clean["labels"] = {key: value for key, value in labels.items() if key not in BOOKKEEPING}
    return {**kept, "metadata": clean}


def is_same(one: Revision, other: Revision) -> bool:
    """Whether going from one to the other changes nothing: a restart makes a revision of its own."""
    if one.template is not None and other.template is not None:
        return _unmarked(one.template) == _unmarked(other.template)
    return bool(one.images) and one.images == other.images


def _unmarked(template: Mapping[str, Any]) -> dict[str, Any]:
    kept = bare(template)
    metadata = dict(kept.get("metadata") or {})
    marks = dict(metadata.pop("annotations", None) or {})
    marks.pop(RESTARTED_AT, None)
    return {**kept, "metadata": {**metadata, **({"annotations": marks} if marks else {})}}


def last_held(
    revisions: Sequence[Revision],
    min_held_s: int,
    same: Callable[[Revision, Revision], bool] = is_same,
) -> Revision | None:
    """The newest revision before the current (last) one that was in place for ``min_held_s`` and is not the
    ``same``; where nobody knows for how long, it counts as held. None where there is none."""
    for revision, successor in reversed(list(itertools.pairwise(revisions))):
        if same(revision, revisions[-1]):
            continue
        held_ms = _held(revision, successor)
        if held_ms is None or held_ms >= min_held_s * 1000:
            return revision
    return None


def _held(revision: Revision, successor: Revision) -> int | None:
    if revision.since_ms is None or successor.since_ms is None:
        return None
    return successor.since_ms - revision.since_ms
