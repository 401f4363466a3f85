"""Rate limits of the Web API, a rolling minute a method, and of posting, a message a second a channel.

Source: "Rate limits": tiers 1 to 4 allow 1, 20, 50 and 100 requests a minute; ``chat.postMessage`` generally
allows one message a second a channel. Slack tolerates short bursts and promises none: here there are none,
but for tier 1, whose "small amount of burst" is five.
"""

import math
from collections import defaultdict, deque

A_MINUTE = {1: 5, 2: 20, 3: 50, 4: 100}


class Limits:
    """Who has asked how often. ``refuse`` makes the next calls fail whatever the count."""

    def __init__(self, clock):
        self.clock, self.strict = clock, False
        self._calls, self._posted, self._refused = defaultdict(deque), {}, []

    def refuse(self, times, retry_after, method=""):
        """The next ``times`` calls (of ``method``) get a 429."""
        self._refused += [(method, retry_after)] * times

    def over(self, method, tier, channel=""):
        """Seconds to wait; 0: go on, and it is counted."""
        for index, (name, seconds) in enumerate(self._refused):
            if name in ("", method):
                del self._refused[index]
                return seconds
        if not self.strict:
            return 0
        now = self.clock()
        if method == "chat.postMessage":
            wait = self._posted.get(channel, 0) + 1 - now
            if wait > 0:
                return max(1, math.ceil(wait))
            self._posted[channel] = now
        calls = self._calls[method]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if tier and len(calls) >= A_MINUTE[tier]:
            return max(1, math.ceil(calls[0] + 60 - now))
        calls.append(now)
        return 0
