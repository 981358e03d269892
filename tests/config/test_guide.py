"""The guide: the same files in the repository and in the product."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from config.guide import FOLDER, pages

pytestmark = pytest.mark.django_db
Login = Callable[..., Client]
FILES = sorted(FOLDER.glob("*.md"))


def test_the_first_page_leads_to_every_other() -> None:
    assert set(pages()) == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_link_between_pages_arrives(path: object) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):  # type: ignore[attr-defined]  # a path
        assert (FOLDER / target).exists() or target.startswith("https://"), target


@pytest.mark.parametrize("slug", [path.stem for path in FILES])
def test_a_page_is_shown_with_its_tables_and_links(slug: str, vera: Membership, login: Login) -> None:
    page = login(vera).get(reverse("guide-page", args=[slug])).content.decode()
    assert f"<h1>{pages()[slug].title}</h1>" in page
    assert ".md" not in page.split('class="card-body guide"')[1].split("</article>")[0]


def test_every_page_of_the_product_leads_to_the_guide(ana: Membership, login: Login) -> None:
    assert f'href="{reverse("guide")}"' in login(ana).get(reverse("reports:dashboard")).content.decode()
    assert "docs/guia" in (settings.BASE_DIR / "README.md").read_text()


def test_what_is_no_page_is_not_found(ana: Membership, login: Login) -> None:
    assert login(ana).get("/ajuda/nada/").status_code == 404
    assert login(ana).get("/ajuda/..%2fREADME/").status_code == 404


def test_visitors_log_in_first() -> None:
    assert Client().get(reverse("guide")).status_code == 302
