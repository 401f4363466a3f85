"""Grammar: what a reply in words may say. Small, exact, and it guesses nothing (H7).

``parse`` reads one message as an ``Utterance``; ``resolve`` finds out, from the thread it was written in,
which approval or incident it is about. What the grammar does not name is never a decision: it is ``Unclear``
and asked about where one seems to be meant, and ``Chatter`` between people otherwise.

Cost:  one pass over the text a form; texts longer than ``forms.LONGEST`` are not read.
"""

from aiops.core.grammar.parse import parse
from aiops.core.grammar.resolve import resolve
from aiops.core.grammar.thread import Pending, Recent, Reply, ThreadView, thread_view
from aiops.core.grammar.utterance import Chatter, HelpAsked, Unclear, Utterance
from aiops.core.grammar.words import HELP, describe, explain

__all__ = [
    "HELP",
    "Chatter",
    "HelpAsked",
    "Pending",
    "Recent",
    "Reply",
    "ThreadView",
    "Unclear",
    "Utterance",
    "describe",
    "explain",
    "parse",
    "resolve",
    "thread_view",
]
