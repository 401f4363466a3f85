"""Stop: what one place of the kill switch says: whether we are stopped, by whom, since when and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stop:
    """One place that was looked at. ``on`` is None where it cannot be read, which stops us as surely (B5)."""

    place: str  # for people: "file /var/lib/aiops/STOP", "ConfigMap aiops/aiops-stop"
    on: bool | None
    by: str = ""  # who pulled it; empty: it does not say
    since: str = ""  # when, as it was written down
    why: str = ""  # the reason given; where ``on`` is None: what is wrong

    @property
    def stops(self) -> bool:
        """Whether it stops us."""
        return self.on is not False

    def __str__(self) -> str:
        if self.on is None:
            return f"{self.place} cannot be read: {self.why or 'no reason known'}"
        if not self.on:
            return f"{self.place} is off"
        parts = [f"by {self.by}" if self.by else "", f"since {self.since}" if self.since else ""]
        told = " ".join(part for part in parts if part)
        reason = f": {self.why}" if self.why else ""
        return f"{self.place} stops us{', ' if told else ''}{told}{reason}"
