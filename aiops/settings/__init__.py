"""Configuration: schema, loading, explaining what is wrong."""

from aiops.settings.load import load
from aiops.settings.schema import Settings

__all__ = ["Settings", "load"]
