"""Mode: what a playbook may do alone in a scope."""

from enum import StrEnum


class Mode(StrEnum):
    """From the lowest to the highest. After install: observe."""

    OBSERVE = "observe"  # shown in the timeline, nothing else
    SUGGEST = "suggest"  # people are told what would be done
    ASK = "ask"  # people are asked, and it is done when they approve
    AUTO = "auto"  # done, within the guards

    @property
    def rank(self) -> int:
        """0 for observe up to 3 for auto: of two modes the lower one counts."""
        return list(Mode).index(self)
