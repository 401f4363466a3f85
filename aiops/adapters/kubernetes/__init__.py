"""Kubernetes: the one API server that is watched and acted upon."""
