"""Whole: what must hold between the parts of a configuration: unique names, names that exist."""

from aiops.settings.draft import Draft


def judge(draft: Draft) -> None:
    """Note every problem between parts."""
    _once(draft)


def _once(draft: Draft) -> None:
    for listed in (draft.signals, draft.playbooks):
        first: dict[str, str] = {}
        for one in listed:
            if one.value.name in first:
                one.place.below("name").wrong(
                    f"{one.value.name!r} again (also in {first[one.value.name]})", "each name once"
                )
            first.setdefault(one.value.name, f"{one.place.file} {one.place.path}")
