"""Page: a story as one HTML file.

Templates are our own; everything from the recording is escaped, and control characters are replaced (S3, S9).
A missing name in the template is an error, never an empty place. The page names no script and no address to
load, and its content security policy forbids both.

Cost: about 10 ms an incident; about 100 kB an incident with six plots.
"""

import functools
from datetime import UTC, datetime
from importlib import resources

import jinja2
from markupsafe import Markup, escape

from aiops.core import words
from aiops.core.compare import Comparison, Figure, score_figures
from aiops.core.score import Score
from aiops.model import Story
from aiops.web.report import overall, view

WORDS = {"act": "acted:", "escalate": "asked:", "hold": "held:", "refuse": "refused:"}


def render(story: Story, score: Score | None, comparison: Comparison | None = None) -> str:
    """The report of ``story``, with the score and the comparison where there are any."""
    incidents = [
        view.incident_view(story, number, told, score) for number, told in enumerate(story.incidents, 1)
    ]
    figures = [Figure(name, of(score), "") for name, of in score_figures(score.source)] if score else []
    return _template().render(
        story=story,
        score=score,
        comparison=comparison,
        incidents=incidents,
        figures=figures,
        tiles=overall.tiles(story, score),
        overview=Markup(overall.bars(story, incidents, score)),  # noqa: S704 - made by svg.py, which escapes
        words=WORDS,
    )


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["spaced"] = spaced
    environment.globals.update(
        css=Markup(_source("report.css")),  # noqa: S704 - our own file
        anchor=view.anchor,
        block=block,
        clock=words.clock,
        count=words.count,
        day=words.day,
        delay=words.delay,
        iso=iso,
        lines=lines,
        minute=words.minute,
        percent=words.percent,
        safe_url=view.safe_url,
        span=words.span,
    )
    return environment.get_template("report.html")


def _source(name: str) -> str:
    return (resources.files("aiops.web.report") / "templates" / name).read_text("utf-8")


def finalize(value: object) -> object:
    """Every value that the template writes: markup of our own as it is, all else as text that is plain."""
    if isinstance(value, Markup):
        return value
    text = words.plain(str(value)) if value is not None else "-"
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def spaced(name: str) -> str:
    """ "error_burst_after_deploy" as words."""
    return name.replace("_", " ")


def block(text: str) -> Markup:
    """Lines of text for ``pre``, each escaped and plain."""
    return Markup("\n").join(escape(words.plain(line)) for line in text.split("\n"))


def lines(text: str) -> Markup:
    """Lines of text for a paragraph."""
    return Markup("<br>").join(escape(words.plain(line)) for line in text.strip().split("\n"))


def iso(at_ms: int) -> str:
    """A time for machines."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
