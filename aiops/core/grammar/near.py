"""Near: what may have been meant by a text that the grammar does not name. Only ever asks, never decides.

The text is folded first (look-alike letters, invisible characters, formatting), so that a decision that is
dressed up is asked about and not passed over. What is folded here is never handed on as a decision.

Source:  Unicode Technical Standard 39 (confusables): those of the letters that the forms are written with.
"""

import difflib
import re
import unicodedata

from aiops.core.grammar.forms import read
from aiops.core.grammar.hints import HINTS, MANY, NEGATED, NO, YES
from aiops.core.grammar.utterance import Chatter, Unclear

# Cyrillic, Greek and Latin letters that look like the ones the forms are written with, and those.
LOOKALIKES = str.maketrans(
    "аеорсухіѕԁոӏһкτνορϲεικӀıɡɑſАЕОРСУХІЅНКМТВΑΕΟΡΝΙΚΗΤΥΒ",
    "aeopcyxisdnlhktvopceikligasaeopcyxishkmtbaeopnikhtyb",
)
FORMATTING = "*_~`\"'“”„«»()[]<>.,;:!?…-–— \t\r\n"
UNSEEN = frozenset({"Cf", "Cc", "Mn", "Me", "Sk"})  # categories of what is not seen, or sits on others
MANY_WORDS = 12  # a longer message that only mentions a decision is talk about it
CLOSE = 0.86  # "aprove" and "approved" are as close to "approve", "prove" and "improve" are not

QUOTE = re.compile(r"\s*(?:>|&gt;)")
WORD = re.compile(r"[a-z0-9'+]+")
SHORT_ID = re.compile(r"\b(?=[a-f]*[0-9])[0-9a-f]{4,12}\b")


def fold(text: str) -> str:
    """``text`` in plain lower-case letters, one space between words, without formatting round it."""
    wide = unicodedata.normalize("NFKD", text).translate(LOOKALIKES)
    seen = (one for one in wide if one in "\t\r\n" or unicodedata.category(one) not in UNSEEN)
    return " ".join("".join(seen).lower().split()).strip(FORMATTING)


def nearest(text: str) -> Unclear | Chatter:
    """What to say to ``text``, which no form matches."""
    folded = fold(text)
    few = len(folded.split()) <= MANY_WORDS
    if any(QUOTE.match(line) for line in text.splitlines()):
        if few and (_approving(folded) or _denying(folded)):
            return Unclear("quoted text is not read: write the decision alone", only_if_asked=True)
        return Chatter()
    whole = {folded, text.lower(), text.lower().strip(FORMATTING)}
    if whole & YES:
        return Unclear("a yes has to say to what", "approve", only_if_asked=True)
    if whole & NO:
        return Unclear("a no has to say to what", "deny", only_if_asked=True)
    if read(folded) is not None:
        return _dressed(text, folded)
    return _hint(text, folded) if few else Chatter()


def _dressed(text: str, folded: str) -> Unclear:
    """A form, but for characters that are not in it."""
    if "?" in text:
        return Unclear("a question is no decision", folded)
    return Unclear("it has characters that do not belong: other letters, formatting, spaces", folded)


def _hint(text: str, folded: str) -> Unclear | Chatter:
    if _approving(folded) or _denying(folded):
        return _decision(text, folded)
    for look, because, instead, only_if_asked in HINTS:
        if look.search(folded):
            return Unclear(because, instead, only_if_asked)
    return Chatter()


def _decision(text: str, folded: str) -> Unclear:
    """A text that speaks of approving or denying, in words of its own."""
    ids = SHORT_ID.findall(folded)
    name = f" {ids[0]}" if len(ids) == 1 else ""
    yes = _approving(folded)
    if yes and NEGATED.search(folded):
        return Unclear("it speaks of approving and says not to", f"deny{name}")
    if len(ids) > 1 or MANY.search(folded):
        return Unclear("each plan is answered on its own, by its id", "approve" if yes else "deny")
    instead = f"approve{name}" if yes else f"deny{name} because ..."
    if "?" in text:
        return Unclear("a question is no decision", instead)
    return Unclear("a decision is written in exactly one form", instead)


def _approving(folded: str) -> bool:
    words = WORD.findall(folded)
    return bool(difflib.get_close_matches("approve", words, n=1, cutoff=CLOSE)) or "approv" in folded


def _denying(folded: str) -> bool:
    return bool(re.search(r"\bden(?:y|ies|ied|ying)\b|\breject", folded))
