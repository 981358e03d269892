import pytest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config import urls
from config.isolation.walk import prove
from config.isolation.world import build_world
from leads.models import Contact

pytestmark = pytest.mark.django_db


def test_no_route_lets_an_organization_reach_anothers_data(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("prove_isolation")
    said = capsys.readouterr().out
    assert int(said.split(" routes")[0]) > 80


def leaky(request: HttpRequest, contact_id: object) -> HttpResponse:
    return HttpResponse(Contact.unscoped.get(pk=contact_id).name)


def test_the_proof_finds_a_planted_leak_and_an_unlisted_route(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    planted = [path("leads/vazou/<uuid:contact_id>/", leaky), path("esquecida/", leaky)]
    monkeypatch.setattr(urls, "urlpatterns", [*planted, *urls.urlpatterns])
    settings.ROOT_URLCONF = "config.urls"  # type: ignore[attr-defined]
    from django.urls import clear_url_caches

    clear_url_caches()
    failures = prove(build_world()).failures
    clear_url_caches()
    assert "not in the inventory: esquecida/" in failures
    assert any("leads/vazou" in failure and "organization's data" in failure for failure in failures)
