"""Guards: reasons not to act now. Pure functions of one context; what is unknown holds, never permits.

The table is in the order of promises 5.3. All are asked, all answers are shown, the strictest one counts.
A guard answers None where it does not concern the step.
"""

from aiops.core.guards import blast, muted, ownership, pace, reach, sight, stops, trust
from aiops.core.guards.context import Context, Guard

GUARDS: tuple[Guard, ...] = (
    stops.kill_switch,
    stops.leadership,
    stops.stopped_here,
    stops.fenced,
    stops.claimed,
    muted.silenced,
    sight.blindness,
    sight.warm_up,
    sight.fresh_facts,
    sight.storm,
    sight.all_down,
    sight.own_noise,
    reach.still_open,
    reach.known_breakage,
    reach.protected,
    reach.opt_in,
    reach.freeze,
    ownership.intact,
    ownership.bound,
    ownership.at_rest,
    ownership.owner_of_field,
    ownership.autoscaler,
    ownership.fight,
    reach.one_target,
    blast.ready_floor,
    blast.quorum,
    blast.disruption_budget,
    blast.local_storage,
    blast.dependents,
    blast.nodes,
    pace.budget,
    pace.in_flight,
    pace.cooldown,
    pace.attempts,
    trust.breaker,
    trust.lock_out,
    trust.evidence,
    trust.impact,
)

__all__ = ["GUARDS", "Context", "Guard"]
