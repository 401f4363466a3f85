"""The console: server-rendered pages under ``/console/`` over the journal, live, with answers for people who
are signed in. Works offline; loads nothing from anywhere else.
"""

from aiops.web.console.parts import Parts, Progress, Replays, Session, Sessions, Standing, View

__all__ = ["Parts", "Progress", "Replays", "Session", "Sessions", "Standing", "View"]
