"""Equivalents: mutants that no test can kill, because they behave as the code does. Each with its reason.

By file, line and change, as ``python -m tests.mutation`` prints them.
"""

_DOUBLED = "wait_s = min(base_s * 2.0 ** min(failures, 30), context.policy.backoff_max_s)"

EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("pace.py", _DOUBLED, "30 -> 31"): "2**30 minutes are longer than the longest back-off that may be set",
    ("pace.py", _DOUBLED, "30 -> 29"): "so are 2**29 minutes",
}
