"""The pages of the documentation: every link leads somewhere, and every page can be found from the README."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def links(page):
    """(target file, heading or "") of every link of ``page`` that stays in the repository."""
    for target, heading in LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.S)):
        if "://" not in target:
            yield (page.parent / target).resolve() if target else page, heading


def anchors(page):
    """The names of the headings of ``page``, as code hosts make them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page):
    for target, heading in links(page):
        assert target.is_relative_to(ROOT), f"{target} is outside of the repository"
        assert target.exists(), f"{target.relative_to(ROOT)} is not there"
        assert not heading or heading in anchors(target), f"{target.name} has no heading {heading}"


def test_every_page_can_be_reached_from_the_readme():
    found, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page not in found and page.suffix == ".md":
            found.add(page)
            left += [target for target, _ in links(page)]
    lost = [str(page.relative_to(ROOT)) for page in PAGES if page not in found and "docs" in page.parts]
    assert lost == []


def test_the_decisions_are_listed_with_their_titles():
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text()
    for page in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        number, _, title = page.read_text().splitlines()[0].removeprefix("# ").partition(" ")
        assert f"| [{number}]({page.name}) | {title} |" in listed
