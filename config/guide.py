"""The guide for owners: the pages of ``docs/guia``, which are read in the repository as well, inside the product."""

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from accounts.access import member_required
from accounts.http import MemberRequest

FOLDER: Final = settings.BASE_DIR / "docs" / "guia"
FIRST: Final = "README"


class GuidePage(NamedTuple):
    title: str
    html: SafeString


@require_safe
@member_required
def guide_page(request: MemberRequest, slug: str = FIRST) -> HttpResponse:
    if slug not in pages():
        raise Http404
    contents = [(name, page.title) for name, page in pages().items() if name != FIRST]
    return render(request, "guide.html", {"page": pages()[slug], "contents": contents, "slug": slug})


@cache
def pages() -> dict[str, GuidePage]:
    """Return the pages by name, in the order in which the first one lists them."""
    first = _tokens(FOLDER / f"{FIRST}.md")
    linked = [str(link.attrs["href"]) for token in first for link in token.children or [] if link.type == "link_open"]
    names = dict.fromkeys([FIRST, *(Path(name).stem for name in linked)])
    return {name: _page(FOLDER / f"{name}.md") for name in names}


def _tokens(path: Path) -> list[Token]:
    return _reader().parse(path.read_text())


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _page(path: Path) -> GuidePage:
    tokens = _tokens(path)
    for token in tokens:
        for inner in token.children or []:
            _lead_inside(inner)
    # The heading of the page is drawn by the template, between the first two tokens stands its text.
    html = _reader().renderer.render(tokens[3:], _reader().options, {})
    return GuidePage(tokens[1].content, mark_safe(html))  # noqa: S308  # our own files, in which HTML is text


def _lead_inside(token: Token) -> None:
    """Let a link between files be one between pages."""
    target = str(token.attrs.get("href", ""))
    if token.type == "link_open" and target.endswith(".md"):
        token.attrs["href"] = reverse("guide-page", args=[Path(target).stem])
