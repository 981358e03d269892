"""Staff look at incidents, drills and silences of every organization, and change nothing."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Membership
from core.clock import now
from gateways.models import Channel, MissingSpan, PoolDrill, PoolIncident

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


@pytest.fixture
def rows(main: Channel, reserve: Channel) -> dict[str, Any]:
    return {
        "poolincident": PoolIncident.objects.create(
            channel=main, kind="ban", reason="ban", began_at=now(), replaced_by=reserve, replaced_at=now()
        ),
        "pooldrill": PoolDrill.objects.create(state="passed", seconds=1.4, asked_by="ana@example.com"),
        "missingspan": MissingSpan.objects.create(channel=main, reason="down", since=now()),
    }


@pytest.mark.parametrize(
    ("model", "filters"),
    [
        ("poolincident", {"kind": "ban", "q": "Recepção"}), ("poolincident", {"ended_at__isempty": "1"}),
        ("pooldrill", {"state": "passed", "q": "ana@"}), ("missingspan", {"reason": "down", "q": "Acme"}),
        ("missingspan", {"until__isempty": "1"}),
    ],
)  # fmt: skip
def test_they_are_listed_found_and_filtered(
    model: str, filters: dict[str, str], rows: dict[str, Any], davi: Any, login: Any
) -> None:
    page = login(davi).get(reverse(f"admin:gateways_{model}_changelist"), filters)
    assert page.status_code == 200
    assert list(page.context["cl"].result_list) == [rows[model]]
    nothing = login(davi).get(reverse(f"admin:gateways_{model}_changelist"), {"q": "ninguém"})
    assert list(nothing.context["cl"].result_list) == []


@pytest.mark.parametrize("model", ["poolincident", "pooldrill", "missingspan"])
def test_they_are_looked_at_and_not_changed(
    model: str, rows: dict[str, Any], main: Channel, davi: Any, ana: Membership, login: Any
) -> None:
    client, address = login(davi), reverse(f"admin:gateways_{model}_change", args=[rows[model].pk])
    shown = client.get(address)
    assert shown.status_code == 200
    assert main.hook_token not in shown.content.decode() and main.sealed_config not in shown.content.decode()
    assert client.post(address, {"reason": "x"}).status_code == 403
    assert client.post(reverse(f"admin:gateways_{model}_delete", args=[rows[model].pk])).status_code == 403
    assert client.get(reverse(f"admin:gateways_{model}_add")).status_code == 403
    assert login(ana).get(address).status_code in {302, 403, 404}, "staff alone"
