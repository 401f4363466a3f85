"""Columns: which service and which metric a column of a wide CSV file names."""

from collections import Counter
from collections.abc import Iterable, Sequence


def split(names: Sequence[str], services: Iterable[str] = ()) -> list[tuple[str, str]]:
    """(service, metric) of each name; the service is "" where the name shows none.

    ``component|metric`` says it itself. ``service_metric`` is cut after the longest of the known
    ``services``; without any, where most others agree: a real service has many metrics, a real metric many
    services.
    """
    if any("|" in name for name in names):
        return [_at_bar(name) for name in names]
    known = sorted(services, key=len, reverse=True)
    if known:
        return [_after_known(name, known) for name in names]
    return _agreed(names)


def _at_bar(name: str) -> tuple[str, str]:
    service, _, metric = name.rpartition("|")
    return (service, metric) if service and metric else ("", name)


def _after_known(name: str, known: Sequence[str]) -> tuple[str, str]:
    for service in known:
        metric = name.removeprefix(service + "_")
        if metric and metric != name:
            return service, metric
    return "", name


def _agreed(names: Sequence[str]) -> list[tuple[str, str]]:
    cuts = [list(_cuts(name)) for name in names]
    services = Counter(service for several in cuts for service, _ in several)
    metrics = Counter(metric for several in cuts for _, metric in several)
    result = []
    for name, several in zip(names, cuts, strict=True):
        shared = [cut for cut in several if services[cut[0]] > 1 and metrics[cut[1]] > 1]
        best = max(shared, key=lambda cut: services[cut[0]] * metrics[cut[1]], default=("", name))
        result.append(best)
    return result


def _cuts(name: str) -> Iterable[tuple[str, str]]:
    for at, character in enumerate(name):
        if character == "_" and 0 < at < len(name) - 1:
            yield name[:at], name[at + 1 :]
