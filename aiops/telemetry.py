"""Logs as events with keys, and our own metrics."""
