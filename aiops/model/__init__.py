"""The values that pass through the daemon. Frozen, with slots; imports nothing of ours but errors."""

from aiops.model.anomaly import Anomaly, AnomalyKind
from aiops.model.correlation import Correlation
from aiops.model.decision import Act, Decision, Escalate, Hold, Lean, Outcome, Reason, Refuse, Result
from aiops.model.detection import Detection, DetectorSettings
from aiops.model.facts import (
    Alert,
    Autoscaler,
    Claim,
    ClusterEvent,
    Condition,
    Container,
    Edge,
    EventKind,
    Facts,
    Freeze,
    Manager,
    Node,
    Pod,
    Revision,
    Service,
    Workload,
)
from aiops.model.incident import Evidence, Incident, IncidentKind, IncidentState, Severity, Suspect
from aiops.model.journal import AppendCondition, Budget, Entry, Record, StreamAt
from aiops.model.kubernetes import Access, EvidenceSettings, KubernetesSettings, StopSettings
from aiops.model.mode import Mode
from aiops.model.panel import Floats, Mask, Panel, Times
from aiops.model.plan import (
    BlastRadius,
    Change,
    ChangeVerb,
    Impact,
    NotApplicable,
    Plan,
    Step,
    Verification,
)
from aiops.model.playbook import Matcher, Playbook, PlaybookStep, SymptomMatcher
from aiops.model.policy import Breaker, Budgets, FreezeWindow, Policy, Scope, StormLimits
from aiops.model.prometheus import PrometheusSettings, QueryBudget
from aiops.model.receipt import Answer, Look, Mark, Receipt, Sight
from aiops.model.request import Request, RequestKind
from aiops.model.signal import Direction, Role, Rollup, Signal, TargetMapping
from aiops.model.stop import Stop
from aiops.model.story import Decided, IncidentStory, Moment, Plot, Story, TrueIncident
from aiops.model.target import Target
from aiops.model.verdicts import Status, Verdicts

__all__ = [
    "Access",
    "Act",
    "Alert",
    "Anomaly",
    "AnomalyKind",
    "Answer",
    "AppendCondition",
    "Autoscaler",
    "BlastRadius",
    "Breaker",
    "Budget",
    "Budgets",
    "Change",
    "ChangeVerb",
    "Claim",
    "ClusterEvent",
    "Condition",
    "Container",
    "Correlation",
    "Decided",
    "Decision",
    "Detection",
    "DetectorSettings",
    "Direction",
    "Edge",
    "Entry",
    "Escalate",
    "EventKind",
    "Evidence",
    "EvidenceSettings",
    "Facts",
    "Floats",
    "Freeze",
    "FreezeWindow",
    "Hold",
    "Impact",
    "Incident",
    "IncidentKind",
    "IncidentState",
    "IncidentStory",
    "KubernetesSettings",
    "Lean",
    "Look",
    "Manager",
    "Mark",
    "Mask",
    "Matcher",
    "Mode",
    "Moment",
    "Node",
    "NotApplicable",
    "Outcome",
    "Panel",
    "Plan",
    "Playbook",
    "PlaybookStep",
    "Plot",
    "Pod",
    "Policy",
    "PrometheusSettings",
    "QueryBudget",
    "Reason",
    "Receipt",
    "Record",
    "Refuse",
    "Request",
    "RequestKind",
    "Result",
    "Revision",
    "Role",
    "Rollup",
    "Scope",
    "Service",
    "Severity",
    "Sight",
    "Signal",
    "Status",
    "Step",
    "Stop",
    "StopSettings",
    "StormLimits",
    "Story",
    "StreamAt",
    "Suspect",
    "SymptomMatcher",
    "Target",
    "TargetMapping",
    "Times",
    "TrueIncident",
    "Verdicts",
    "Verification",
    "Workload",
]
