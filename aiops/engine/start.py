"""Start: what the loop takes from a history that it only learned from, live or in a replay.

What is still bad at the end of the history is told at the first tick, and is known breakage; a target whose
past was seen and was not bad at its end counts as healthy, so what breaks there is new.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aiops.core.book import Book
from aiops.core.detect import Cleared, Happening, Raised
from aiops.model import Facts, Target


def still_bad(happenings: Sequence[Happening]) -> list[Happening]:
    """The newest word on every target and signal that was not cleared since."""
    newest: dict[object, Happening] = {}
    for one in happenings:
        if isinstance(one, Cleared):
            newest.pop((one.target, one.signal, one.detector), None)
        else:
            anomaly = one.anomaly
            newest[anomaly.target, anomaly.signal, anomaly.detector] = Raised(anomaly)
    return list(newest.values())


def last_words(happenings: Sequence[Happening]) -> list[Happening]:
    """Of every target and signal only the newest word: bad still, or back since. In the order of time."""
    newest: dict[object, Happening] = {}
    for one in happenings:
        said = one if isinstance(one, Cleared) else Raised(one.anomaly)
        about = one if isinstance(one, Cleared) else one.anomaly
        key = (about.target, about.signal, about.detector)
        newest.pop(key, None)
        newest[key] = said
    return list(newest.values())


def seen_before(book: Book, facts: Facts, targets: Iterable[Target], broken: Sequence[Happening]) -> Book:
    """``book`` in which ``targets`` were first seen long ago, but for those of ``broken``."""
    known = set(targets)
    places = {facts.owner(target) for target in known} | known
    for one in broken:
        target = one.target if isinstance(one, Cleared) else one.anomaly.target
        places -= {target, facts.owner(target)}
    return replace(book, first_seen={**book.first_seen, **dict.fromkeys(sorted(places), 0)})
