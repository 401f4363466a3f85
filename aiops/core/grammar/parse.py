"""Parse: one message, read by the table of forms. What is not in it is unclear or chatter."""

from aiops.core.grammar.forms import LONGEST, read
from aiops.core.grammar.near import nearest
from aiops.core.grammar.utterance import Chatter, Utterance

SPACE = " \t\r\n"  # only these may stand around a decision
APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ", "'"))  # what phones and editors make of '
ENDS = (".", "!")  # one of these may end it


def parse(text: str) -> Utterance:
    """What ``text`` says, whoever wrote it and wherever. Total: any text gets an answer."""
    if len(text) > LONGEST:
        return Chatter()
    plain = text.strip(SPACE).translate(APOSTROPHES)
    said = read(plain)
    if said is None and plain.endswith(ENDS):
        said = read(plain[:-1])
    return nearest(plain) if said is None else said
