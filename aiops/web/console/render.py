"""Render: templates of our own, every value escaped, control characters replaced, missing names an error."""

import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from aiops.core import words
from aiops.web.report.page import block, finalize, iso, lines, spaced
from aiops.web.report.view import safe_url

PACKAGE = "aiops.web.console"


def render(template: str, values: Mapping[str, Any]) -> str:
    """A page."""
    return environment().get_template(template).render(values)


@functools.cache
def environment() -> jinja2.Environment:
    """The templates with the words that they use."""
    found = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["spaced"] = spaced
    found.globals.update(
        asset=asset,
        block=block,
        bar=bar,
        clock=words.clock,
        count=words.count,
        day=words.day,
        iso=iso,
        lines=lines,
        minute=words.minute,
        number=words.number,
        percent=words.percent,
        safe_url=safe_url,
        span=words.span,
    )
    return found


def _source(name: str) -> str:
    return (resources.files(PACKAGE) / "templates" / name).read_text("utf-8")


@functools.cache
def static(name: str) -> bytes | None:
    """A static file; None for a name that is none of ours."""
    if name not in STATIC:
        return None
    return (resources.files(PACKAGE) / "static" / name).read_bytes()


STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "plots.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/uPlot.iife.min.js": "text/javascript; charset=utf-8",
    "vendor/uPlot.min.css": "text/css; charset=utf-8",
}


@functools.cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content: it may be cached for ever."""
    content = static(name)
    if content is None:
        raise KeyError(name)
    return f"/console/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def bar(share: float, kind: str = "") -> Markup:
    """A bar filled by ``share``, 0 to 1. Drawn, for a style in the page is forbidden by our own policy."""
    width = 100 * min(max(share, 0.0), 1.0)
    return Markup(
        '<svg class="bar {}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rest" width="100" height="6"/><rect class="full" width="{:.1f}" height="6"/></svg>'
    ).format(kind, width)
