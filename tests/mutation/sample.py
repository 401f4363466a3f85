"""Sample: a module with one line that its checks hold, and one that they do not."""

LIMIT = 3


def is_many(count: int) -> bool:
    """Held on both sides of its boundary."""
    return count >= LIMIT


def is_few(count: int) -> bool:
    """Held by nobody."""
    return count < 2
