"""Remediations, one module each, joined by the entry-point group ``aiops.remediations``."""
