"""The whole daemon acting on a real control plane: seen by a real Prometheus, decided, written, verified."""
