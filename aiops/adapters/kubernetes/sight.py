"""Sight: what an object, read afresh, shows of a write whose answer was lost (E2, E3). No I/O here."""

from collections.abc import Mapping
from typing import Any

from aiops.adapters.kubernetes.written import holds
from aiops.model import Change, ChangeVerb, Look, Mark, Sight
from aiops.model.receipt import INTENT, TERM


def annotations(mark: Mark) -> dict[str, str]:
    """The mark as it travels in ``metadata.annotations``."""
    return {INTENT: mark.intent, TERM: str(mark.term)}


def sight(found: Mapping[str, Any] | None, change: Change, mark: Mark) -> Look:
    """What ``found`` shows of ``change``; None is an object that is not there."""
    match change.verb:
        case ChangeVerb.PATCH:
            return _patched(found, change, mark)
        case ChangeVerb.CREATE:
            return _created(found, change, mark)
        case ChangeVerb.EVICT | ChangeVerb.DELETE:
            return _removed(found, change)
        case ChangeVerb.CAPTURE:
            raise ValueError(f"{change.target}: a capture writes nothing, so there is nothing to look for")


def _patched(found: Mapping[str, Any] | None, change: Change, mark: Mark) -> Look:
    if found is None:
        return Look(Sight.CHANGED, f"{change.target} is not there any more")
    meta = _meta(found)
    uid, version = meta.get("uid"), meta.get("resourceVersion")
    held = holds(change.patch, found)
    same = uid == change.uid
    if not same:
        seen, detail = Sight.CHANGED, "deleted and made anew since: another uid"
    elif _intent(meta) == mark.intent:
        seen, detail = Sight.ARRIVED, "it carries the mark of this intent"
    elif version == change.resource_version:
        seen, detail = Sight.ABSENT, "unchanged since it was planned on"
    elif change.generation is not None and meta.get("generation") == change.generation:
        seen, detail = Sight.ABSENT, "only its status changed since it was planned on"
    elif change.subresource and held:  # a resize drops the mark
        seen, detail = Sight.ARRIVED, "every field has its value"
    else:
        seen, detail = Sight.CHANGED, f"version {version}, planned on {change.resource_version}"
    return Look(seen, f"{change.target}: {detail}", held and same, uid, version, _term(meta))


def _created(found: Mapping[str, Any] | None, change: Change, mark: Mark) -> Look:
    if found is None:
        return Look(Sight.ABSENT, f"{change.target} is not there")
    meta = _meta(found)
    ours = _intent(meta) == mark.intent
    detail = "it carries the mark of this intent" if ours else "somebody else made one of that name"
    return Look(
        Sight.ARRIVED if ours else Sight.CHANGED,
        f"{change.target}: {detail}",
        ours and "deletionTimestamp" not in meta and holds(change.patch, found),
        meta.get("uid"),
        meta.get("resourceVersion"),
        _term(meta),
    )


def _removed(found: Mapping[str, Any] | None, change: Change) -> Look:
    if found is None:
        return Look(Sight.ARRIVED, f"{change.target} is gone", holds=True)
    meta = _meta(found)
    uid, version, term = meta.get("uid"), meta.get("resourceVersion"), _term(meta)
    if uid != change.uid:
        detail = "the planned one is gone, this is another"
        return Look(Sight.ARRIVED, f"{change.target}: {detail}", True, uid, version, term)
    if meta.get("deletionTimestamp") is not None:
        return Look(Sight.ARRIVED, f"{change.target} is being deleted", True, uid, version, term)
    return Look(Sight.ABSENT, f"{change.target} is there, nobody deletes it", False, uid, version, term)


def _meta(found: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = found.get("metadata")
    return meta if isinstance(meta, Mapping) else {}


def _notes(meta: Mapping[str, Any]) -> Mapping[str, Any]:
    notes = meta.get("annotations")
    return notes if isinstance(notes, Mapping) else {}


def _intent(meta: Mapping[str, Any]) -> object:
    return _notes(meta).get(INTENT)


def _term(meta: Mapping[str, Any]) -> int:
    """0 where there is none, or what stands there is no number of ours."""
    text = str(_notes(meta).get(TERM, ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
