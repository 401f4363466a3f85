"""Equivalents: mutants that no test can kill, because they behave as the code does. Each with its reason.

By file, line and change, as ``python -m tests.mutation`` prints them.
"""

EQUIVALENT: dict[tuple[str, str, str], str] = {}
