"""Make the README's picture from the demo: ``python -m scripts.picture``.

What is drawn is what the report draws: the period with its incidents, and of two of them a plot, the blame
and the decision. Made anew, it shows what this version makes of the shipped recording.
"""

import re
import sys
from pathlib import Path

from aiops.bootstrap.replay import replay
from aiops.core.score import score
from aiops.web.report import overall, page, view
from aiops.web.report.svg import element, text

ROOT = Path(__file__).parent.parent
RECORDING, PICTURE = ROOT / "tests" / "recordings" / "shop", ROOT / "docs" / "images" / "demo.svg"
WIDTH, MARGIN, GAP = 1160, 28, 36
LINE = 84  # characters that fit half of it
SHOWN = ("error_burst_after_deploy", "cpu_saturation")  # classes of the incidents that are drawn


def placed(svg: str, left: float, top: float, width: float) -> tuple[str, float]:
    """``svg`` at a place in ``width``, and where it ends."""
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    if size is None:
        raise ValueError("picture: expected an image with a viewBox")
    height = width * int(size[2]) / int(size[1])
    where = f'<svg x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" '
    return svg.replace("<svg ", where, 1), top + height


def css() -> str:
    """The report's own style, without the rule that makes an image as wide as its page."""
    style = (Path(page.__file__).parent / "templates" / "report.css").read_text()
    return re.sub(r"^svg \{.*\}$", "", style, count=1, flags=re.MULTILINE)


def panel(one: view.IncidentView, left: float, top: float, width: float) -> tuple[list[str], float]:
    """One incident: what it is, whom it blames, its first plot, what would be done."""
    incident = one.told.incident
    suspect = f"{incident.prime} {incident.suspects[0].confidence:.0%}" if incident.suspects else "nobody"
    would = one.decision.known or one.decision.live if one.decision is not None else "nothing"
    parts = [
        text(f"{one.number}: {page.spaced(incident.incident_class)}", left, top + 18, class_="head"),
        text(f"blames {suspect}", left, top + 38, class_="said"),
        text(short(f"would {would}"), left, top + 56, class_="said"),
    ]
    if not one.plots:
        return parts, top + 62
    name = f"{page.spaced(one.plots[0].name)} of {one.plots[0].target}"
    image, end = placed(str(one.plots[0].svg), left, top + 84, width)
    return [*parts, text(name, left, top + 78, class_="said soft"), image], end


def short(words: str) -> str:
    """At most a line of a half."""
    return words if len(words) <= LINE else words[: LINE - 1].rstrip(" (,:") + "…"


def draw() -> str:
    """The whole picture as SVG."""
    story = replay(RECORDING)
    scored = score(story)
    views = [
        view.incident_view(story, number, told, scored) for number, told in enumerate(story.incidents, 1)
    ]
    chosen = [next(one for one in views if one.told.incident.incident_class == name) for name in SHOWN]
    bars, top = placed(overall.bars(story, views, scored), MARGIN, 20, WIDTH - 2 * MARGIN)
    parts, half, bottom = [bars], (WIDTH - 2 * MARGIN - GAP) / 2, top
    for number, one in enumerate(chosen):
        drawn, end = panel(one, MARGIN + number * (half + GAP), top + 22, half)
        parts += drawn
        bottom = max(bottom, end)
    height = round(bottom + 14)
    rules = (
        ".head { font-size: 16px; font-weight: 600 } .said { font-size: 12.5px } .soft { fill: var(--soft) }"
    )
    style = element("style", css() + rules)
    paper = element("rect", width=WIDTH, height=height, style="fill: var(--paper)")
    family = 'font-family="system-ui, Segoe UI, Roboto, Liberation Sans, Arial, sans-serif"'
    attributes = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {family}'
    return f"<svg {attributes}>{style}{paper}{''.join(parts)}</svg>\n"


def main() -> int:
    """Write the picture."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw())
    print(PICTURE.relative_to(ROOT))  # noqa: T201 - a script
    return 0


if __name__ == "__main__":
    sys.exit(main())
