"""Identity: which cluster a server answers for, read from itself (M7).

First from the external labels of its configuration, since every Prometheus has one; what that does not show
(Thanos, Mimir, or a server that hides its configuration) from a label that all its ``up`` series agree on.
"""

import io
import threading
from collections.abc import Mapping

from aiops.adapters.prometheus.connect import Connect
from aiops.adapters.prometheus.matchers import Matcher, inject
from aiops.errors import Forbidden, NotFound, Rejected
from aiops.model.prometheus import PrometheusSettings

_LONGEST = 65_536  # characters of the global section; it has a few lines


def text(labels: Mapping[str, str]) -> str:
    """Labels as an identity: "cluster=blue,region=eu", in order of name."""
    return ",".join(f"{label}={value}" for label, value in sorted(labels.items()))


def external_labels(configuration: str) -> dict[str, str]:
    """The external labels of a prometheus.yml as the server prints it; only its global section is read."""
    lines = configuration.splitlines()
    start = next((at for at, line in enumerate(lines) if line.startswith("global:")), None)
    if start is None:
        return {}
    inside = [lines[start]]
    for line in lines[start + 1 :]:
        if line and not line[0].isspace():
            break
        inside.append(line)
    section = "\n".join(inside)
    if len(section) > _LONGEST:
        raise Rejected(f"identity: expected a global section of at most {_LONGEST} characters")
    from ruamel.yaml import YAML  # noqa: PLC0415 - 60 ms, and read once
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - as above

    try:
        read = YAML(typ="safe", pure=True).load(io.StringIO(section))
    except (YAMLError, ValueError, RecursionError) as error:
        raise Rejected("identity: the server's configuration cannot be read") from error
    labels = (read or {}).get("global") if isinstance(read, dict) else None
    labels = labels.get("external_labels") if isinstance(labels, dict) else None
    return {str(label): str(value) for label, value in labels.items()} if isinstance(labels, dict) else {}


class Reader:
    """Reads the identity of one server; a configuration that did not change is not parsed again."""

    def __init__(self, connect: Connect, settings: PrometheusSettings, matchers: tuple[Matcher, ...]) -> None:
        self._connect, self._matchers = connect, matchers
        self._wanted = tuple(sorted(settings.expected_identity))
        self._lock = threading.Lock()
        self._last: tuple[str, dict[str, str]] = ("", {})

    def read(self) -> str:
        """The labels of ``expected_identity`` with the server's own values; all external labels where
        nothing is expected. Raises PortError."""
        shown = self.external()
        if not self._wanted:
            return text(shown)
        missing = [label for label in self._wanted if label not in shown]
        if missing:
            shown = {**self._agreed(missing), **shown}
        return text({label: shown[label] for label in self._wanted if label in shown})

    def external(self) -> dict[str, str]:
        """External labels; none where the server has no configuration to show."""
        try:
            data = self._connect.ask("status/config").data
        except (NotFound, Forbidden, Rejected):
            return {}
        written = data.get("yaml") if isinstance(data, dict) else None
        if not isinstance(written, str):
            return {}
        with self._lock:
            if written != self._last[0]:
                self._last = (written, external_labels(written))
            return self._last[1]

    def _agreed(self, labels: list[str]) -> dict[str, str]:
        """Values that all ``up`` series of ours agree on; a label with several values is not told."""
        query = inject(f"group by ({', '.join(labels)}) (up)", self._matchers)
        data = self._connect.ask("query", {"query": query}).data
        rows = data.get("result") if isinstance(data, dict) else None
        values: dict[str, set[str]] = {label: set() for label in labels}
        for row in rows if isinstance(rows, list) else []:
            found = row.get("metric") if isinstance(row, dict) else None
            for label in labels:
                values[label].add(str(found.get(label, "")) if isinstance(found, dict) else "")
        return {label: seen.pop() for label, seen in values.items() if len(seen) == 1 and "" not in seen}
