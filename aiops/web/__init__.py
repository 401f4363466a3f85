"""The few HTTP routes: metrics, health, readiness."""
