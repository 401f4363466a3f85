"""A self-healing daemon for Kubernetes: detect, diagnose, decide, act, verify, undo."""

__version__ = "0.1.0"
