"""Known breakage: what is already broken when a scope is first seen. Reported, never acted on (promises 5.3).

A scope is a workload, or any target that has none. It counts as first seen at the tick whose facts name it;
one that no fact names, at the first tick of all. Once it has been healthy, what breaks is new. A Job is new
with each run, and fails soon after or not at all: it was seen when we began to look.
"""

from dataclasses import replace

from aiops.core.book import Book
from aiops.model import Facts, Target


def look(book: Book, facts: Facts, now_ms: int) -> Book:
    """The book with the first sight of every workload of ``facts``. O(workloads), 30 ns each once seen."""
    if book.began_ms is None:
        book = replace(book, began_ms=now_ms)
    new = facts.workloads.keys() - book.first_seen.keys()
    if not new:
        return book
    return replace(book, first_seen={**book.first_seen, **dict.fromkeys(sorted(new), now_ms)})


def broken_at_first_sight(book: Book, place: Target, since_ms: int, first_sight_s: int) -> bool:
    """Whether trouble of ``place`` that began at ``since_ms`` was there when we first looked."""
    if place in book.healthy:
        return False
    first_ms = book.began_ms if place.kind == "Job" else book.first_seen.get(place, book.began_ms)
    return first_ms is not None and since_ms <= first_ms + 1000 * first_sight_s
