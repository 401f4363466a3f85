"""What tests look at in the double, and how they wait for it."""

import time


class Looking:
    """The part of ``Slack`` that shows what came of it."""

    def current(self, message):
        """The message as it stands now."""
        if message.ephemeral_to:
            return message
        return self.world.channels[message.channel].messages[message.ts]

    def messages(self, channel):
        """What stands in the channel itself, oldest first; threads left out."""
        return [one for one in list(channel.messages.values()) if one.thread_ts in ("", one.ts)]

    def thread(self, message):
        """The replies below a message, oldest first."""
        root = message.thread_ts or message.ts
        return self.world.thread(message.channel, root)[1:]

    def everything(self, channel):
        """Every message of the channel and its threads, in the order of their coming."""
        return list(channel.messages.values())

    def ephemerals(self, user):
        """What only this person saw."""
        return [one for one in self.world.ephemerals if one.ephemeral_to == user.id]

    @property
    def notified(self):
        """Whose attention was taken, in order: of ``world.Notified``."""
        return list(self.world.notified)

    @property
    def journal(self):
        """Every delivery, oldest first, with its attempts, acknowledgements and times."""
        return list(self.courier.journal)

    @property
    def sockets(self):
        """Open connections of the app."""
        return list(self.courier.sockets)

    def called(self, method):
        """The calls of one method so far."""
        return [one for one in self.calls if one.method == method]

    def views(self, user):
        """Modals a person has open, newest last."""
        return self.modals.of(user)

    def wait(self, true, timeout=5.0, what="it"):
        """The value of ``true()`` once there is one that counts; AssertionError after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            value = true()
            if value:
                return value
            time.sleep(0.005)
        raise AssertionError(f"waited {timeout} s in vain for {what}")

    def settles(self, timeout=5.0):
        """Wait until nothing is on its way to the app any more."""
        self.wait(lambda: all(one.over for one in self.journal), timeout, "every delivery to end")

    def acked(self, delivery, timeout=5.0):
        """Wait until the delivery is over; whether it was acknowledged."""
        self.wait(lambda: delivery.over, timeout, "the delivery to end")
        return delivery.acked
