"""SQLite: the embedded journal. One file, one machine."""

from aiops.adapters.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
