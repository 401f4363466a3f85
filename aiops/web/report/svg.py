"""SVG by hand: elements as text, everything escaped. A plot is a few kB, scales by its viewBox and takes its
colours from the page's style sheet, light or dark."""

from collections.abc import Iterable
from html import escape

from aiops.core.words import plain

Attribute = str | float | int


def figure(value: Attribute) -> str:
    """An attribute's text: at most one decimal, which is a tenth of a pixel."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return escape(plain(str(value)), quote=True)


def element(tag: str, content: str = "", **attributes: Attribute) -> str:
    """``<tag a="1">content</tag>``; ``content`` is markup already, ``class_`` and ``stroke_width`` are
    spelled ``class`` and ``stroke-width``."""
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{figure(value)}"' for name, value in attributes.items()
    )
    return f"<{tag}{given}>{content}</{tag}>" if content else f"<{tag}{given}/>"


def text(words: str, x: float, y: float, **attributes: Attribute) -> str:
    """Words at a place."""
    return element("text", escape(plain(words)), x=x, y=y, **attributes)


def title(words: str) -> str:
    """What a pointer that rests on the element is told."""
    return element("title", escape(plain(words)))


def picture(parts: Iterable[str], width: int, height: int, label: str, class_: str, role: str = "img") -> str:
    """A whole image that says in ``label`` what it shows, for those who do not see it. One that holds links
    has the role "group": what is inside of an "img" is not read."""
    return element(
        "svg",
        "".join(parts),
        viewBox=f"0 0 {width} {height}",
        role=role,
        class_=class_,
        aria_label=label,
        preserveAspectRatio="xMidYMid meet",
    )
