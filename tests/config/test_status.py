"""The public status page."""

import pytest
from django.test import Client

from accounts.models import Organization
from core.breaker import breaker_of

pytestmark = pytest.mark.django_db


def test_all_is_well() -> None:
    response = Client().get("/status/")
    assert response.status_code == 200 and "Está tudo funcionando" in response.content.decode()


def test_a_resting_service_is_named_and_not_whose_it_is(acme: Organization) -> None:
    breaker = breaker_of("focus_nfe", acme.pk, failures=1, ratio=0.1)
    with pytest.raises(RuntimeError), breaker.guard():
        raise RuntimeError
    html = Client().get("/status/").content.decode()
    assert "Focus NFe" in html and "O Prosa funciona, com atrasos" in html
    assert str(acme.pk) not in html and acme.name not in html
    assert Client().get("/health/ready").json()["resting"] == {"focus_nfe": 1}
    breaker.reset()
    assert "Focus NFe" not in Client().get("/status/").content.decode()


def test_without_a_database_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.views.database_state", lambda: "unavailable")
    response = Client().get("/status/")
    assert response.status_code == 503 and "O Prosa está fora do ar agora" in response.content.decode()
