"""The page's head: the figures, and the picture of the whole period."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops.core.score import Score
from aiops.core.words import number, percent, span
from aiops.model import Story
from aiops.web.report import overview
from aiops.web.report.view import IncidentView


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the header. ``tone`` is "good", "bad" or empty."""

    value: str
    name: str
    note: str = ""
    tone: str = ""


def bars(story: Story, incidents: Sequence[IncidentView], score: Score | None) -> str:
    """The picture of the whole period."""
    mine = [
        overview.Bar(
            one.told.incident.since_ms,
            one.told.incident.closed_ms or story.end_ms,
            one.told.incident.severity,
            f"{one.number}: {one.told.incident.incident_class}, {one.told.incident.prime}",
            one.anchor,
            str(one.number),
        )
        for one in incidents
    ]
    rows: list[tuple[str, Sequence[overview.Bar]]] = [("Incidents", mine)]
    if score is not None:
        name = "Alerts" if score.source == "alert" else "True incidents"
        links = {one.told.incident.id: one.anchor for one in incidents}
        truths = [
            overview.Bar(
                row.truth.start_ms,
                row.truth.end_ms,
                "found" if row.found else "missed",
                f"{row.truth.name}{'' if row.found else ' (missed)'}",
                links.get(row.incident_ids[0], "") if row.incident_ids else "",
            )
            for row in score.rows
        ]
        rows.append((name, truths))
    return overview.draw(story.start_ms, story.end_ms, rows, story.watched_ms)


def tiles(story: Story, score: Score | None) -> tuple[Tile, ...]:
    """The figures at the top."""
    count = len(story.incidents)
    first = Tile(str(count), "incident" if count == 1 else "incidents", known_words(story))
    if score is None:
        return first, Tile(str(story.workloads), "workloads watched", f"{story.series} series")
    cause = f"of {score.causes_known}; among three: {percent(score.cause_at_3)}"
    return (
        first,
        *outcome_tiles(score),
        Tile(percent(score.cause_at_1), "right cause first", cause),
        acts(score),
    )


def outcome_tiles(score: Score) -> tuple[Tile, ...]:
    """Found, how late, and what was false."""
    alerts = score.source == "alert"
    total, apart, median, late = (
        len(score.rows),
        len(score.false_ids),
        score.delay_median_s,
        score.delay_p95_s,
    )
    against = "before the pager" if median is not None and median < 0 else "after the pager"
    return (
        Tile(
            f"{score.found} of {total}",
            "alerts seen" if alerts else "true incidents found",
            tone="good" if score.found == total else "bad",
        ),
        Tile(
            span(median * 1000) if median is not None else "-",
            against if alerts else "to detect",
            f"median; 95 %: {span(late * 1000)}" if late is not None else "",
        ),
        Tile(
            str(apart),
            "without an alert" if alerts else "false incidents",
            f"{number(score.false_per_day)} a day",
            "" if alerts else "bad" if apart else "good",
        ),
    )


def acts(score: Score) -> Tile:
    """What would have been done; an alert does not tell whether that was right."""
    count, wrong = len(score.proposals), len(score.wrong)
    if score.source == "alert":
        return Tile(str(count), "actions proposed")
    return Tile(
        str(count), "actions proposed", f"{wrong} wrong", "" if not count else "bad" if wrong else "good"
    )


def known_words(story: Story) -> str:
    """Known breakage in a few words."""
    return f"and {len(story.known)} known before" if story.known else ""
