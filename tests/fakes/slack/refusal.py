"""How the Web API says no."""


class Refused(Exception):  # noqa: N818 - an answer of the API, not a fault of ours
    """``{"ok": false, "error": ...}`` with whatever else Slack says."""

    def __init__(self, error, **more):
        super().__init__(error)
        self.error, self.more = error, more


def invalid(error, found):
    """Refused with one message a finding."""
    told = [f"[ERROR] {one}" for one in found]
    return Refused(error, errors=found, response_metadata={"messages": told})
