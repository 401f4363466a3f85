"""Kubernetes quantities, such as 512Mi, 250m, 2G."""

from decimal import Decimal

_UNITS = {"m": Decimal("0.001"), "": Decimal(1)}
_UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)}
_UNITS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}


def quantity(text: str) -> Decimal:
    """Its value in the base unit: bytes, cores."""
    number = text.rstrip("mkKMGTPEi")
    return Decimal(number) * _UNITS[text[len(number) :]]
