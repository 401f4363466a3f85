"""Root cause: which service is it, with evidence. See ``rank``."""

from aiops.core.rootcause.rank import rank

__all__ = ["rank"]
