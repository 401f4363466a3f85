"""Hearing: the journal's record of what people said, allowed or not, and what they were answered.

Entries, on the stream ``forum``: ``said`` {ref, via, by, actor, kind, saying, done, text, incident_id,
approval_id}. The message or click that carried a saying is its key: delivered twice, it is heard once.
"""

from aiops.core.approvals.claims import STREAM
from aiops.model import AskFor, Echo, Entry, Said
from aiops.model.wire import to_json
from aiops.ports import Store

SAID = "said"
KEEP_MS = 86_400_000  # so long the same message again gets the same answer


def heard_entry(said: Said, echo: Echo, now_ms: int) -> Entry:
    """What was said and what was answered."""
    saying = to_json(said.saying)
    approval = echo.approval
    payload = {
        "ref": said.ref,
        "via": said.via,
        "by": said.actor.key,
        "actor": to_json(said.actor),
        "kind": kind_of(said),
        "saying": saying,
        "said_ms": said.at_ms,
        "done": echo.done,
        "text": echo.text,
        "incident_id": saying.get("incident_id") or (approval.incident_id if approval is not None else ""),
        "approval_id": saying.get("approval_id", ""),
    }
    return Entry(SAID, STREAM, now_ms, payload, key=f"said:{said.ref}" if said.ref else "")


def heard(store: Store, now_ms: int) -> dict[str, Echo]:
    """The answers of the last day by ref; of who asks again, not of who decides: approvals are left out."""
    found = {}
    for record in store.read(stream=STREAM, kinds=(SAID,)):
        payload = record.entry.payload
        if payload["ref"] and record.entry.at_ms > now_ms - KEEP_MS:
            found[str(payload["ref"])] = Echo(bool(payload["done"]), str(payload["text"]))
    return found


def kind_of(said: Said) -> str:
    """ "approve", "deny", "mine", "undo" ...: the saying in one word."""
    if isinstance(said.saying, AskFor):
        return said.saying.request.kind.value
    return type(said.saying).__name__.lower()
