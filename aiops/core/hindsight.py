"""Hindsight: what an adjustment would have hidden, had it been in force: shown before it is.

An earlier excursion was real where people took its incident up or a step helped; it was false where somebody
said so; of all others nobody knows, and they are counted apart.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aiops.core.adjust import Excursion, hides
from aiops.core.feedback import KEEP_MS, Adjustment
from aiops.core.words import count, minute

MOST_NAMED = 3  # incidents that are named, the newest ones
DAYS = KEEP_MS // 86_400_000


@dataclass(frozen=True, slots=True)
class Hindsight:
    """Earlier excursions of one series, as an adjustment would have treated them."""

    looked_at: int
    hidden: tuple[Excursion, ...]  # would not have been told at all, oldest first
    later: tuple[Excursion, ...]  # would have been told later than they were
    real: Mapping[str, str]  # of the hidden ones: why the incident was real, by id
    false: frozenset[str]  # of the hidden ones: called false, by id

    def __str__(self) -> str:
        if not self.looked_at:
            return f"replay over {DAYS} days: there is no other excursion of it in the journal"
        nobody = [one for one in self.hidden if one.incident_id not in {*self.real, *self.false}]
        of_those = f"{len(self.false)} called false, {len(self.real)} real, {len(nobody)} nobody judged"
        text = f"replay over {DAYS} days: of {count(self.looked_at, 'other excursion')} of it,"
        text += f" {len(self.hidden)} would have been hidden"
        text += f" ({of_those})" if self.hidden else ""
        text += f", {len(self.later)} told later"
        named = [*(one for one in self.hidden if one.incident_id in self.real), *reversed(nobody)]
        return text + "".join(f"\n  {self._line(one)}" for one in named[:MOST_NAMED])

    def _line(self, one: Excursion) -> str:
        why = self.real.get(one.incident_id)
        when = minute(one.newest.since_ms)
        return f"hidden: incident {one.incident_id} of {when} UTC{f', which was real: {why}' if why else ''}"


def replay(
    adjustment: Adjustment, others: Sequence[Excursion], false: Collection[str], real: Mapping[str, str]
) -> Hindsight:
    """What ``adjustment`` would have done to ``others``. Whoever called an incident false is believed over
    what was done about it."""
    treated = [(one, hides(adjustment, one)) for one in others]
    hidden = tuple(one for one, how in treated if how == "wholly")
    ids = {one.incident_id for one in hidden}
    return Hindsight(
        len(treated),
        hidden,
        tuple(one for one, how in treated if how == "later"),
        {name: why for name, why in real.items() if name in ids and name not in false},
        frozenset(ids & set(false)),
    )
