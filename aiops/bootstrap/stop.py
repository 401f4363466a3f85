"""Stop and resume: the kill switch, pulled by a person with that person's own rights (B5)."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiops.adapters.clock import SystemClock
from aiops.adapters.switch import StopFile
from aiops.bootstrap.config import find_state, load_settings
from aiops.bootstrap.person import person_api, who
from aiops.errors import ConfigError, InputError, Problem
from aiops.model import KubernetesSettings, Policy, Stop

if TYPE_CHECKING:
    from aiops.adapters.kubernetes.switch import ConfigMapHand

LONGEST = 1_000  # characters of a reason


@dataclass(frozen=True, slots=True)
class Where:
    """Which switch is meant, as the command line says it."""

    config: Path | None = None
    state: Path | None = None
    cluster: bool = False  # the ConfigMap too, with the caller's own kubeconfig
    kubeconfig: Path | None = None
    context: str = ""
    namespace: str = ""  # of the daemon; empty: as configured


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand afterwards."""

    stops: tuple[Stop, ...]  # of every place that was looked at
    changed: tuple[str, ...]  # places that this call changed
    notes: tuple[str, ...]  # places that were not looked at, and how to
    command: str  # what does the same by hand; empty: nothing does

    @property
    def stopped(self) -> bool:
        """Whether any place stops the daemon."""
        return any(one.stops for one in self.stops)


def stop(where: Where, reason: str) -> Standing:
    """Pull the switch; pulled already, it stays as it was. InputError where there is nothing to pull,
    PortError where the cluster refuses."""
    places = _places(where)
    changed = [name for name, pull in places.pulls(who(), _told(reason)).items() if pull()]
    make = f"kubectl -n {places.namespace} create configmap {places.name} --from-literal=stop=true"
    return _standing(places, changed, f"{make} --dry-run=client -o yaml | kubectl apply -f -")


def resume(where: Where, reason: str) -> Standing:
    """Let the switch go; one that is off stays off."""
    places = _places(where)
    changed = [name for name, release in places.releases(who(), _told(reason)).items() if release()]
    return _standing(places, changed, f"kubectl -n {places.namespace} delete configmap {places.name}")


def show(where: Where) -> Standing:
    """How things stand; nothing is changed."""
    return _standing(_places(where), [], "")


Pull = Callable[[], bool]  # whether it changed anything


@dataclass(frozen=True, slots=True)
class _Places:
    file: StopFile | None
    config_map: "ConfigMapHand | None"
    notes: tuple[str, ...]
    namespace: str
    name: str

    def pulls(self, by: str, why: str) -> dict[str, Pull]:
        now_ms, file, there = SystemClock().now_ms(), self.file, self.config_map
        found: dict[str, Pull] = {}
        if file is not None:
            found[file.place] = lambda: _on_disk(file, lambda: file.put(by, why, now_ms))
        if there is not None:
            found[there.place] = lambda: there.pull(by, why, now_ms)
        return found

    def releases(self, by: str, why: str) -> dict[str, Pull]:
        now_ms, file, there = SystemClock().now_ms(), self.file, self.config_map
        found: dict[str, Pull] = {}
        if file is not None:
            found[file.place] = lambda: _on_disk(file, file.take_away)
        if there is not None:
            found[there.place] = lambda: there.release(by, why, now_ms)
        return found


def _places(where: Where) -> _Places:
    """What there is to pull: the file where the state folder is, the ConfigMap where the cluster is asked."""
    kubernetes, policy, notes = KubernetesSettings(), Policy(), []
    try:
        settings = load_settings(where.config)
        kubernetes, policy = settings.kubernetes, settings.policy
    except ConfigError as error:  # at 3 a.m. a broken configuration must not keep anybody from stopping us
        if where.state is None and not where.cluster:
            raise
        notes.append(f"the configuration cannot be used, default names were taken ({error.problems[0]})")
    namespace, name = where.namespace or policy.own_namespace, kubernetes.stop.config_map
    there = _config_map(where, kubernetes, namespace, name) if where.cluster else None
    if there is not None:
        notes.append(f"asked {there.host}")  # whoever has many clusters wants to know which one it was
    elif name:
        look = f"kubectl -n {namespace} get configmap {name} -o yaml"
        notes.append(f"ConfigMap {namespace}/{name} was not looked at (--cluster, or: {look})")
    file = _file(where, kubernetes)
    if file is None:
        notes.append(
            f"the file {kubernetes.stop.file} in the daemon's state folder was not looked at (--state)"
        )
    return _Places(file, there, tuple(notes), shlex.quote(namespace), shlex.quote(name))


def _file(where: Where, kubernetes: KubernetesSettings) -> StopFile | None:
    folder = find_state(where.config, where.state) if where.state or not where.cluster else None
    if folder is None:
        return None
    if not folder.is_dir():
        expected = "the state folder of the daemon (--state), or --cluster to stop it through the API server"
        raise InputError([Problem(f"state {folder}", "no such folder", expected)])
    return StopFile(folder / kubernetes.stop.file)


def _config_map(
    where: Where, kubernetes: KubernetesSettings, namespace: str, name: str
) -> "ConfigMapHand | None":
    from aiops.adapters.kubernetes.switch import ConfigMapHand, hasty

    if not name:
        raise InputError("--cluster: expected kubernetes.stop.config_map in the configuration, got none")
    return ConfigMapHand(person_api(hasty(kubernetes), where.kubeconfig, where.context), namespace, name)


def _standing(places: _Places, changed: list[str], command: str) -> Standing:
    stops = [place() for place in (places.file, places.config_map) if place is not None]
    return Standing(tuple(stops), tuple(changed), places.notes, command if places.name else "")


def _told(reason: str) -> str:
    if len(reason) > LONGEST:
        raise InputError(f"--reason: expected at most {LONGEST} characters, got {len(reason)}")
    return reason


def _on_disk(file: StopFile, change: Callable[[], bool]) -> bool:
    """Whether the file was changed; InputError where it cannot be."""
    try:
        return change()
    except OSError as error:
        raise InputError(
            [Problem(file.place, error.strerror or str(error), "a file that can be changed")]
        ) from error
