"""The part of a campaign's page in reais, its tables to take away, its days, and the recipients by reason."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Organization, User
from billing.models import Charge
from campaigns.models import Campaign, Recipient
from campaigns.services.official import keep_fees
from conversations.events import CustomerReplied
from core.tenancy import activate_organization
from gateways.models import MessageTemplate, TemplateCategory, TemplateStatus
from sagas.outbox import publish
from tests.campaigns.results.conftest import AFTERNOON, MORNING, World
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
FRAGMENT = {"HX-Request": "true", "HX-Target": "results"}
DAY = timedelta(days=1)
CLOUD = {"phone_number_id": "1", "waba_id": "2", "token": "EAAtoken77aa21", "app_secret": "s"}


def at(world: World, rest: str = "") -> str:
    return f"/campanhas/{world.campaign.pk}/{rest}"


def test_the_page_says_cost_revenue_and_what_is_left(bruno: Membership, login: Login, world: World) -> None:
    world.pay(0, MORNING + DAY, 18_000)
    page = login(bruno).get(at(world, "?por=hora")).content.decode()
    assert "Da lista ao dinheiro" in page and "R$ 180,00" in page
    assert "R$ 0,71 da Meta" in page and "R$ 179,29" in page


@pytest.mark.parametrize(("way", "line"), [("variante", "A"), ("numero", "Oficial"), ("hora", "9h"), ("nonsense", "A")])
def test_the_fragment_is_broken_down_as_asked(
    bruno: Membership, login: Login, world: World, way: str, line: str
) -> None:
    answer = login(bruno).get(at(world, f"?por={way}"), headers=FRAGMENT).content.decode()
    assert f'<th scope="row">{line}</th>' in answer and "<html" not in answer


def test_a_draft_has_no_money_yet(bruno: Membership, login: Login, in_acme: Organization, make_campaign: Any) -> None:
    assert "Da lista ao dinheiro" not in login(bruno).get(f"/campanhas/{make_campaign().pk}/").content.decode()


def test_recipients_are_found_by_state_and_reason(bruno: Membership, login: Login, world: World) -> None:
    Recipient.objects.filter(pk=world.rows[4].pk).update(error_code="131026", error="(#131026) Message undeliverable")
    Recipient.objects.filter(pk=world.rows[5].pk).update(state="failed", error_code="", error="")
    client = login(bruno)
    page = client.get(at(world, "?situacao=failed&motivo=131026")).content.decode()
    assert "Pessoa 4" in page and "Pessoa 5" not in page and "undeliverable" not in page
    assert "exportar.csv?situacao=failed&amp;motivo=131026" in page, "what is shown can be taken away as it is"
    assert "Pessoa 5" in client.get(at(world, "?situacao=failed&motivo=-")).content.decode()
    assert client.get(at(world, "?situacao=failed&motivo=%00")).status_code == 200


def test_the_recipients_to_take_away_say_reasons_in_plain_words(bruno: Membership, login: Login, world: World) -> None:
    Recipient.objects.filter(pk=world.rows[4].pk).update(error_code="131026", error="(#131026) Message undeliverable")
    answer = login(bruno).get(at(world, "exportar.csv?situacao=failed"))
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert len(text.splitlines()) == 2 and "undeliverable" not in text and "WhatsApp" in text
    assert AuditEntry.objects.filter(action="campaign.exported").exists()


def test_the_table_to_take_away_is_that_of_the_page(bruno: Membership, login: Login, world: World) -> None:
    world.pay(3, AFTERNOON + DAY, 5_003)
    answer = login(bruno).get(at(world, "resultado.csv?por=numero"))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("\ufeffNúmero;Lista;") and any(
        one.startswith("Recepção;2;") and "50,03" in one for one in lines
    )
    assert login(bruno).get(at(world, "resultado.xlsx")).status_code == 200


def test_other_days_count_anew(bruno: Membership, login: Login, world: World) -> None:
    world.pay(0, MORNING + 10 * DAY, 18_000)
    answer = login(bruno).post(at(world, "atribuicao/"), {"days": "7"}, headers=FRAGMENT).content.decode()
    assert "R$ 180,00" not in answer and "até 7 dias" in answer
    assert Campaign.objects.get().attribution_days == 7


@pytest.mark.parametrize("days", ["", "0", "8", "-7", "9999", "x"])
def test_other_numbers_of_days_change_nothing(bruno: Membership, login: Login, world: World, days: str) -> None:
    answer = login(bruno).post(at(world, "atribuicao/"), {"days": days}, follow=True)
    assert "Escolha um dos prazos da lista." in answer.content.decode()
    assert Campaign.objects.get().attribution_days == 30


def test_an_answer_counts_for_as_many_days_as_the_campaign_says(world: World) -> None:
    Campaign.objects.update(attribution_days=3)
    for number, moment in ((0, MORNING + 2 * DAY), (1, MORNING + 4 * DAY)):
        row = world.rows[number]
        publish(
            CustomerReplied(
                str(row.organization_id), str(row.pk), str(row.contact_id), str(row.channel_id), str(row.pk), "Oi",
                moment.isoformat(),
            )
        )  # fmt: skip
    drain()
    assert set(Recipient.objects.exclude(replied_at=None).values_list("pk", flat=True)) == {world.rows[0].pk}


def test_a_viewer_reads_and_changes_nothing(vera: Membership, login: Login, world: World) -> None:
    client = login(vera)
    assert "attribution-days" not in client.get(at(world, "?por=hora")).content.decode()
    assert client.post(at(world, "atribuicao/"), {"days": "7"}).status_code == 403


def test_the_money_of_another_business_is_absent(carla: Membership, login: Login, world: World) -> None:
    client = login(carla)
    for path in ("resultado.csv", "resultado.xlsx", "exportar.csv", "?por=hora"):
        assert client.get(at(world, path)).status_code == 404
    assert client.post(at(world, "atribuicao/"), {"days": "7"}).status_code == 404
    with activate_organization(world.campaign.organization_id):
        assert Campaign.objects.get().attribution_days == 30 and not Charge.objects.exists()


def test_the_fee_of_an_official_number_is_that_of_its_template(
    in_acme: Organization, make_campaign: Any, make_channel: Any, settings: Any
) -> None:
    """It is kept at the start: another price tomorrow changes no campaign of today."""
    official, plain = make_channel("Oficial", "cloud", config=CLOUD), make_channel("Recepção")
    MessageTemplate.objects.create(
        channel=official, name="oi", body="Oi, {{1}}! Tudo bem?", category=TemplateCategory.UTILITY, status=TemplateStatus.APPROVED,
    )  # fmt: skip
    campaign = make_campaign(1, body="Oi, {nome}! Tudo bem?", channels=[official, plain])
    keep_fees(campaign)
    settings.META_FEES = {"MARKETING": 9, "UTILITY": 9}
    keep_fees(campaign)
    assert campaign.fees == {str(official.pk): {str(campaign.variants.get().pk): 40_000}}
