"""Logs as events with keys, and our own metrics."""

from aiops.telemetry.logs import configure, logger
from aiops.telemetry.metrics import Metrics

__all__ = ["Metrics", "configure", "logger"]
