"""The whole daemon acting on a real control plane: seen by a real Prometheus, decided, written, verified.

    pytest tests/acting -n 2 --dist loadfile

A module breaks all of its cases at once, before one daemon: its tests belong into one worker.
"""
