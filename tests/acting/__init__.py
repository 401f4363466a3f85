"""The whole daemon acting on a real control plane: detected by a real Prometheus, decided, written, verified."""
