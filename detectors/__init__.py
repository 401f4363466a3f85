"""Detectors, one module each, joined by the entry-point group ``aiops.detectors``."""
