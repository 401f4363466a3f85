"""Names of incidents, derived from what they are about: same inputs, same name, on every machine."""

from aiops.model import Anomaly, Target
from aiops.model.wire import short_id


def incident_id(cluster: str, first: Anomaly) -> str:
    """12 hex digits over cluster, target, signal, kind and first bad sample of the anomaly that opened it."""
    return short_id("incident", [cluster, str(first.target), first.signal, first.kind, first.since_ms])


def fingerprint(cluster: str, prime: Target, incident_class: str, kind: str) -> str:
    """What makes two incidents the same problem at different times: the first suspect, the class, the kind.

    The first suspect and not every target: how far trouble spread differs each time, where it came from does
    not."""
    return short_id("fingerprint", [cluster, str(prime), incident_class, kind])
