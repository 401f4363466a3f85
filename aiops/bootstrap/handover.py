"""Handover of a daemon's journal, in a state folder or asked of a running daemon."""

from contextlib import closing
from pathlib import Path

from aiops.adapters.clock import SystemClock
from aiops.bootstrap.config import find_state, load_settings
from aiops.bootstrap.journal import Place, open_journal
from aiops.core.handover import Handover, Reader
from aiops.errors import InputError
from aiops.model import Policy


def make_handover(
    config: Path | None, state: Place | None, since_ms: int, until_ms: int | None = None
) -> Handover:
    """What happened from ``since_ms`` on, and how things stand. InputError where there is no journal, or the
    period ends before it begins."""
    end_ms = SystemClock().now_ms() if until_ms is None else until_ms
    if end_ms <= since_ms:
        raise InputError("--until: expected a later time than --since")
    policy = load_settings(config).policy if config is not None else Policy()
    reader = Reader(since_ms, end_ms)
    with closing(open_journal(find_state(config, state))) as store:
        reader.take(store.read())
    return reader.handover(policy)
