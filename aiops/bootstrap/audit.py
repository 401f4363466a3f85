"""Audit: the job that signs heads, and what ``aiops audit`` reads and checks."""

from collections.abc import Callable
from pathlib import Path

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.heads import HeadEvents
from aiops.adapters.signing import Signer, is_open, load_key, make_key
from aiops.engine.heads import Heads
from aiops.engine.live import Live
from aiops.errors import NotFound
from aiops.model import Mode, Note
from aiops.settings import Settings
from aiops.telemetry import logger


def make_heads(
    live: Live,
    settings: Settings,
    state: Path,
    note: Callable[[Note], None],
    cluster: object | None,
    failed: Callable[[str, Exception], None],
) -> Heads:
    """The job for the scheduler: ``heads.sign`` every ``settings.audit.every_s``, and once at the stop.
    ``cluster`` is None where no API server is reached: then there are no Events."""
    audit, api = settings.audit, None
    if audit.to_event and cluster is not None and settings.policy.mode.rank >= Mode.ASK.rank:
        api = connect(settings.kubernetes)
    return Heads(
        store=live.loop.store,
        term=live.loop.term,
        cluster=settings.cluster.name,
        clock=live.clock,
        signer=lambda needed: open_key(key_path(settings, state), needed=needed),
        failed=failed,
        note=note if audit.to_chat else None,
        event=None if api is None else HeadEvents(api, settings.policy.own_namespace),
    )


def key_path(settings: Settings, state: Path) -> Path:
    """Where the key is."""
    return state / settings.audit.key_file


def open_key(path: Path, *, needed: bool) -> Signer:
    """The key of ``path``; made where there is none and none is ``needed``. Raises PortError."""
    log = logger("audit")
    try:
        signer = load_key(path)
    except NotFound as error:
        if needed:
            text = (
                f"{error}, but heads were signed before: put it back, or make another (aiops audit key --new)"
            )
            raise NotFound(text) from error
        signer = make_key(path)
        log.info("key_made", path=str(path), public=signer.public)
    if is_open(path):
        log.warning("key_open", path=str(path), detail="others than its owner and group may read it")
    return signer
