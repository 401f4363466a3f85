"""Limits: the smallest and the largest number each setting may be. One table, for the loader and the docs.

Where a wide value would loosen a guard (the age of facts, the share of pods that must stay), the table is the
outermost that a configuration may ask for. Durations in seconds.
"""

from collections.abc import Mapping

from aiops.model import (
    AlertmanagerSettings,
    ApprovalSettings,
    AuditSettings,
    Breaker,
    Budgets,
    Correlation,
    Detection,
    EvidenceSettings,
    FeedbackSettings,
    KubernetesSettings,
    Matcher,
    NotifySettings,
    Playbook,
    Policy,
    QueryBudget,
    Signal,
    SlackSettings,
    StormLimits,
    Verification,
    WebhookSettings,
)
from aiops.settings.schema import ServerSettings

MINUTE, HOUR, DAY = 60, 3600, 86_400
MANY = 1_000_000
Range = tuple[float, float]

LIMITS: Mapping[type, Mapping[str, Range]] = {
    Detection: {
        "step_s": (1, HOUR),
        "history_days": (0, 400),
        "open_after": (1, 1000),
        "open_of": (1, 1000),
        "close_after": (1, 1000),
        "instant_score": (1, MANY),
        "lookahead_s": (0, 30 * DAY),
        "refit_s": (MINUTE, 30 * DAY),
        "new_normal_s": (10 * MINUTE, 30 * DAY),
        "max_series": (1, 10 * MANY),
    },
    Correlation: {
        "join_window_s": (1, DAY),
        "close_after_s": (1, DAY),
        "reopen_within_s": (0, 7 * DAY),
        "flaps_are_one": (1, 1000),
        "hops": (0, 10),
        "change_within_s": (0, DAY),
        "first_sight_s": (0, DAY),
        "alone_s": (0, DAY),
        "loud_score": (1, MANY),
    },
    Budgets: {
        "cluster_per_10min": (0, MANY),
        "cluster_per_hour": (0, MANY),
        "cluster_per_day": (0, MANY),
        "cluster_in_flight": (0, MANY),
        "nodes_in_flight": (0, 100),
        "namespace_per_hour": (0, MANY),
        "namespace_in_flight": (0, MANY),
        "workload_per_window": (0, 1000),
        "workload_window_s": (MINUTE, 30 * DAY),
    },
    StormLimits: {
        "share_of_workloads": (0.001, 1),
        "workloads": (1, MANY),
        "namespaces": (1, MANY),
        "nodes": (1, MANY),
        "at_least": (1, MANY),
        "window_s": (1, DAY),
        "calm_s": (MINUTE, 7 * DAY),
    },
    Breaker: {
        "failures": (1, 1000),
        "of_last": (1, 1000),
        "at_least": (1, 1000),
        "open_s": (MINUTE, 30 * DAY),
    },
    Policy: {
        "ready_floor": (0, 1),
        "nodes_not_ready": (0, 1),
        "zone_not_ready": (0, 1),
        "max_cordoned": (0, 1000),
        "facts_max_age_s": (1, 10 * MINUTE),
        "max_targets_per_plan": (1, 100),
        "lock_after_failures": (1, 100),
        "lock_after_reverts": (1, 100),
        "backoff_max_s": (MINUTE, 30 * DAY),
        "approval_deadline_s": (10, 7 * DAY),
    },
    KubernetesSettings: {
        "connect_timeout_s": (0.1, 30),
        "read_timeout_s": (1, 60),
        "watch_s": (2, 20),
    },
    EvidenceSettings: {"log_lines": (1, 500), "log_bytes": (256, 262_144), "timeout_s": (1, 30)},
    QueryBudget: {"max_skip": (1, 1000)},
    ServerSettings: {"port": (0, 65_535), "session_s": (MINUTE, 7 * DAY)},  # 0: any free port
    ApprovalSettings: {
        "remind_s": (0, DAY),
        "quorum": (1, 10),
        "critical_share": (0, 1),
        "max_pending": (1, 1000),
        "longest_snooze_s": (MINUTE, 7 * DAY),
    },
    SlackSettings: {"timeout_s": (1, 60), "members_cache_s": (0, HOUR)},
    WebhookSettings: {"timeout_s": (0.1, 60)},
    AlertmanagerSettings: {"timeout_s": (0.1, 60), "resend_s": (10, HOUR)},
    NotifySettings: {"storm_messages": (1, 100)},
    AuditSettings: {"every_s": (MINUTE, 7 * DAY)},
    FeedbackSettings: {"days": (1, 365), "most_widening": (1, 10), "most_active": (1, 10_000)},
    Signal: {"min_abs": (0, 1e300), "min_rel": (0, 1e6), "for_s": (0, DAY)},
    Matcher: {
        "changed_within_s": (1, 30 * DAY),
        "unchanged_for_s": (1, 30 * DAY),
        "min_confidence": (0, 1),
    },
    Verification: {
        "settle_s": (0, DAY),
        "deadline_s": (1, 7 * DAY),
        "good": (1, 1000),
        "of": (1, 1000),
    },
    Playbook: {"cooldown_s": (MINUTE, 30 * DAY), "max_attempts": (1, 100), "priority": (-1000, 1000)},
}
