"""The inbox for tests: requests in a list."""

from aiops.errors import Unavailable


class FakeInbox:
    """``ports.Inbox``; ``waiting`` is what people handed in; ``stuck``: nothing can be laid aside."""

    def __init__(self, *requests):
        self.waiting, self.laid_aside = list(requests), []
        self.stuck = False

    def hand_in(self, request):
        """As a person does."""
        self.waiting.append(request)

    def pending(self):
        """What waits."""
        return tuple(self.waiting)

    def done(self, request):
        """Lay it aside; again is harmless."""
        if self.stuck:
            raise Unavailable("inbox: no space left on device")
        if request in self.waiting:
            self.waiting.remove(request)
            self.laid_aside.append(request)
