"""The console: server-rendered pages under ``/console/`` over the journal, live, with answers for people who
are signed in. Works offline; loads nothing from anywhere else.
"""

from aiops.web.console.parts import Parts, Progress, Replays, Standing, View
from aiops.web.console.routes import FORMS, PUBLIC, SIGN_IN, console_routes

__all__ = ["FORMS", "PUBLIC", "SIGN_IN", "Parts", "Progress", "Replays", "Standing", "View", "console_routes"]
