"""The page of a campaign: what happened, why it waits, what may be done about it, and who may do it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts.models import Membership, Organization, User
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState, SkipReason
from campaigns.preflight.comparing import compare
from campaigns.queries.figures import stats
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft
from campaigns.views.words import left_out_words, legend
from core.tenancy import activate_organization
from leads.models import Contact

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
REPORT = {"HX-Request": "true", "HX-Target": "report"}


@pytest.fixture
def running(in_acme: Organization, make_campaign: Any) -> Campaign:
    """Four people: one reads and answers, one fails, one waits for a person's word, one is still in line."""
    campaign: Campaign = lifecycle.start(make_campaign(4))
    rows, at = list(Recipient.objects.filter(campaign=campaign).order_by("position")), timezone.now()
    channel = campaign.campaign_channels.get().channel
    Recipient.objects.filter(pk=rows[0].pk).update(state="read", sent_at=at, replied_at=at, channel=channel)
    Recipient.objects.filter(pk=rows[1].pk).update(state="failed", error_code="no_answer", channel=channel)
    Recipient.objects.filter(pk=rows[2].pk).update(state="unknown", sent_at=at, channel=channel)
    return campaign


def page_of(client: Client, campaign: Campaign, query: str = "") -> str:
    return client.get(f"/campanhas/{campaign.pk}/{query}").content.decode()


def act(client: Client, campaign: Campaign, action: str, **data: str) -> Any:
    return client.post(f"/campanhas/{campaign.pk}/{action}/", data, follow=True)


# ---- What it says


def test_the_page_counts_as_people_speak(bruno: Membership, login: Login, running: Campaign) -> None:
    page = page_of(login(bruno), running)
    assert ">1</span> lida<" in page and ">0</span> só entregues<" in page and ">1</span> falhou<" in page
    assert "3 de 4 resolvidas" in re.sub(r"<[^>]+>", "", page)
    assert "Taxa de sucesso" in page and "50,0" in page


def test_a_send_that_nobody_knows_of_is_left_to_a_person(bruno: Membership, login: Login, running: Campaign) -> None:
    client = login(bruno)
    assert "1 a confirmar." in page_of(client, running)
    assert "Chegou" in page_of(client, running, "?situacao=unknown")
    unknown = Recipient.objects.get(campaign=running, state=RecipientState.UNKNOWN)
    client.post(f"/campanhas/{running.pk}/destinatarios/{unknown.pk}/", {"decision": "arrived"})
    unknown.refresh_from_db()
    assert unknown.state == RecipientState.SENT


def test_a_number_that_is_away_is_named_as_the_cause(bruno: Membership, login: Login, running: Campaign) -> None:
    running.campaign_channels.get().channel.__class__.objects.update(state="disconnected")
    page = page_of(login(bruno), running)
    assert "Por que está esperando?" in page and "Recepção não está conectado." in page


def test_hours_that_are_over_are_named_with_their_end(bruno: Membership, login: Login, running: Campaign) -> None:
    other = (timezone.localtime() + timedelta(days=2)).weekday()
    Campaign.objects.update(sending_hours={"days": [other], "start": "09:00", "end": "10:00"})
    page = page_of(login(bruno), running)
    assert "Fora do horário de envio desta campanha." in page and "às 9h" in page


def test_a_pause_of_the_plan_says_so(bruno: Membership, login: Login, running: Campaign) -> None:
    lifecycle.pause_by_system(running.pk, "plan:daily_limit")
    page = page_of(login(bruno), running)
    assert "Pausou sozinha." in page and "hoje" in page and "Retomar" in page


def test_those_left_out_are_there_with_their_reason(
    in_acme: Organization, bruno: Membership, login: Login, make_list: Any, make_campaign: Any
) -> None:
    chosen = make_list(4)
    gone = list(Contact.objects.values_list("pk", flat=True)[:2])
    Contact.objects.filter(pk__in=gone).update(opted_out_at=timezone.now())
    campaign = lifecycle.start(make_campaign(lists=[chosen]))
    page = page_of(login(bruno), campaign)
    assert "2 pediram para não receber" in page
    assert "Fora da lista" in page


def test_each_recipient_shows_the_very_text_that_was_frozen(
    bruno: Membership, login: Login, in_acme: Organization, make_campaign: Any
) -> None:
    campaign = lifecycle.start(make_campaign(2, variants=[VariantDraft("{saudacao}, {nome}! <b>")]))
    campaign.variants.update(body="Outro texto")
    html = login(bruno).get(f"/campanhas/{campaign.pk}/").content.decode()
    assert html.count("{saudacao}, Pessoa! &lt;b&gt;</p></details>") == 2


def test_texts_stand_side_by_side_with_their_figures(
    in_acme: Organization, bruno: Membership, login: Login, make_campaign: Any
) -> None:
    campaign = lifecycle.start(make_campaign(40, variants=[VariantDraft("Oi, {nome}!"), VariantDraft("Olá!")]))
    at = timezone.now()
    first = campaign.variants.get(label="A")
    rows = Recipient.objects.filter(campaign=campaign, variant=first)
    rows.update(state="sent", sent_at=at, replied_at=at)
    page = page_of(login(bruno), campaign)
    figures = r'variant-mark">([A-Z])</span>.*?<dd>(\d+)</dd>.*?<dd>(\d+)</dd>.*?<dd>([\d,]+)%'
    assert re.findall(figures, page, re.DOTALL) == [("A", str(rows.count()), "0", "100,0"), ("B", "0", "0", "0,0")]


def test_a_draft_says_what_will_leave_and_no_figures(
    in_acme: Organization, bruno: Membership, login: Login, make_campaign: Any
) -> None:
    draft = make_campaign(2)
    page = page_of(login(bruno), draft)
    assert "O que vai sair" in page and "Pacientes" in page and "Assim que você enviar" in page
    assert f'href="/campanhas/{draft.pk}/editar/#numeros"' in page
    assert "Taxa de sucesso" not in page and "Negócios fechados" not in page


@pytest.mark.parametrize("query", ["?situacao=nonsense", "?cursor=nonsense", "?situacao=read&cursor=%00"])
def test_a_strange_address_shows_the_page(bruno: Membership, login: Login, running: Campaign, query: str) -> None:
    assert login(bruno).get(f"/campanhas/{running.pk}/{query}").status_code == 200


def test_what_a_signal_asks_for_is_the_report_alone(bruno: Membership, login: Login, running: Campaign) -> None:
    html = login(bruno).get(f"/campanhas/{running.pk}/", headers=REPORT).content.decode()
    assert 'id="report"' in html and "<html" not in html and 'id="recipients"' not in html


def test_the_page_costs_few_queries(
    bruno: Membership, login: Login, running: Campaign, django_assert_max_num_queries: Any
) -> None:
    client = login(bruno)
    page_of(client, running)
    with django_assert_max_num_queries(40):
        page_of(client, running)


# ---- What may be done


def test_pausing_and_going_on(bruno: Membership, login: Login, running: Campaign) -> None:
    client = login(bruno)
    assert "Retomar" in act(client, running, "pause").content.decode()
    assert Campaign.objects.get().state == CampaignState.PAUSED
    assert "Pausar" in act(client, running, "resume").content.decode()
    assert Campaign.objects.get().state == CampaignState.RUNNING


def test_a_button_of_an_old_window_says_why_it_did_nothing(bruno: Membership, login: Login, running: Campaign) -> None:
    client = login(bruno)
    act(client, running, "cancel")
    page = act(client, running, "resume").content.decode()
    assert Campaign.objects.get().state == CampaignState.CANCELLED
    assert 'class="toast"' in page


def test_the_failed_are_tried_again_once(bruno: Membership, login: Login, running: Campaign) -> None:
    client = login(bruno)
    for _click in range(2):
        act(client, running, "retry")
    states = sorted(Recipient.objects.filter(campaign=running).values_list("state", flat=True))
    assert states == ["queued", "queued", "read", "unknown"]


def test_deals_go_up_and_down_and_never_below_none(bruno: Membership, login: Login, running: Campaign) -> None:
    client = login(bruno)
    act(client, running, "negocios", change="1")
    html = client.post(f"/campanhas/{running.pk}/negocios/", {"change": "1"}, headers=REPORT).content.decode()
    assert "<output>2</output>" in html and "<html" not in html
    for _click in range(3):
        act(client, running, "negocios", change="-1")
    assert Campaign.objects.get().closed_deals == 0


def test_deleting_takes_its_report_and_leaves_the_contacts(ana: Membership, login: Login, running: Campaign) -> None:
    client = login(ana)
    act(client, running, "apagar")
    assert Campaign.objects.exists(), "a running one is paused or cancelled first"
    act(client, running, "cancel")
    assert "Campanha apagada." in act(client, running, "apagar").content.decode()
    assert not Campaign.objects.exists() and not Recipient.objects.exists()
    assert Contact.objects.count() == 4


# ---- Who


def test_an_agent_deletes_nothing(bruno: Membership, login: Login, running: Campaign) -> None:
    lifecycle.cancel(running)
    assert act(login(bruno), running, "apagar").status_code == 403
    assert Campaign.objects.exists()


def test_a_viewer_reads_and_touches_nothing(vera: Membership, login: Login, running: Campaign) -> None:
    client = login(vera)
    page = page_of(client, running)
    assert "Pausar" not in page and 'name="change"' not in page
    for action in ("pause", "resume", "cancel", "retry", "negocios", "apagar"):
        assert act(client, running, action).status_code == 403
    assert Campaign.objects.get().state == CampaignState.RUNNING


def test_the_campaign_of_another_business_is_absent(carla: Membership, login: Login, running: Campaign) -> None:
    client = login(carla)
    for path in ("", "exportar.csv", "exportar.xlsx"):
        assert client.get(f"/campanhas/{running.pk}/{path}").status_code == 404
    for action in ("pause", "cancel", "negocios", "apagar"):
        assert act(client, running, action).status_code == 404
    assert "Novembro" not in client.get("/campanhas/").content.decode()
    with activate_organization(running.organization_id):
        assert Campaign.objects.get().state == CampaignState.RUNNING


def test_what_needs_a_log_in_and_a_method(bruno: Membership, login: Login, running: Campaign) -> None:
    assert Client().get(f"/campanhas/{running.pk}/")["Location"].startswith("/conta/login/")
    client = login(bruno)
    assert client.post(f"/campanhas/{running.pk}/").status_code == 405
    assert client.get(f"/campanhas/{running.pk}/negocios/").status_code == 405
    assert client.get(f"/campanhas/{uuid4()}/").status_code == 404


# ---- Words


@pytest.mark.parametrize(
    ("reason", "count", "words"),
    [
        (SkipReason.OPTED_OUT, 1, "1 pediu para não receber"),
        (SkipReason.OPTED_OUT, 1500, "1.500 pediram para não receber"),
        (SkipReason.UNANSWERED, 2, "2 não responderam às últimas campanhas"),
        (SkipReason.NO_PHONE, 1, "1 sem telefone"),
    ],
)
def test_reasons_agree_with_their_number(reason: SkipReason, count: int, words: str) -> None:
    with translation.override("pt-br"):
        assert left_out_words(reason, count) == words


def test_every_reason_has_words() -> None:
    assert all("3" in left_out_words(reason, 3) for reason in SkipReason)


def test_the_parts_of_the_bar_add_up_to_everybody(running: Campaign) -> None:
    assert sum(count for _part, count, _word in legend(stats(running))) == stats(running).total == 4


# ---- What can be sent again


def test_the_button_counts_what_can_be_sent_again(bruno: Membership, login: Login, running: Campaign) -> None:
    client = login(bruno)
    assert "Tentar de novo 1 que falhou" in page_of(client, running)
    done = act(client, running, "retry").content.decode()
    assert "1 voltou para a fila." in done and "que falhou</button>" not in done


def test_what_may_still_arrive_is_not_offered_again_and_the_page_says_so(
    bruno: Membership, login: Login, running: Campaign
) -> None:
    Recipient.objects.filter(state="failed").update(external_id="x9")
    client = login(bruno)
    page = page_of(client, running)
    assert f"/{running.pk}/retry/" not in page
    assert "1 não sai de novo: o WhatsApp já tinha aceitado a mensagem" in page
    assert "Nada pode ser enviado de novo" in act(client, running, "retry").content.decode()


def test_of_very_many_the_button_gives_no_number(
    bruno: Membership, login: Login, running: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.services.recipients.COUNTED", 1)
    monkeypatch.setattr("campaigns.views.report.COUNTED", 1)
    page = page_of(login(bruno), running)
    assert "Tentar de novo os que falharam" in page and "de novo: o WhatsApp" not in page


# ---- Bad moments


def test_an_open_page_leaves_when_its_campaign_is_deleted(bruno: Membership, login: Login, running: Campaign) -> None:
    lifecycle.cancel(running)
    Recipient.objects.filter(state="sending").delete()
    lifecycle.delete(running)
    client = login(bruno)
    answer = client.get(f"/campanhas/{running.pk}/", headers=REPORT)
    assert (answer.status_code, answer["HX-Redirect"]) == (404, "/campanhas/")
    assert "Esta campanha foi apagada." in client.get("/campanhas/").content.decode()
    assert client.get(f"/campanhas/{running.pk}/").status_code == 404


def test_receipts_that_come_after_the_end_are_seen_in_the_list_too(
    bruno: Membership, login: Login, running: Campaign
) -> None:
    lifecycle.cancel(running)
    page = page_of(login(bruno), running)
    (frame,) = re.findall(r'<section class="card" id="recipients"[^>]*>', page)
    assert f"live:campaign:{running.pk}" in frame


def test_who_failed_is_not_said_to_be_silent(bruno: Membership, login: Login, running: Campaign) -> None:
    Recipient.objects.filter(state="failed").update(sent_at=timezone.now())
    assert "sem resposta" not in page_of(login(bruno), running, "?situacao=failed")


def test_the_numbers_beside_the_plan_add_up_to_the_card(bruno: Membership, login: Login, running: Campaign) -> None:
    Recipient.objects.filter(state="failed").update(sent_at=timezone.now())
    compared = compare(running)
    assert compared is not None
    assert sum(one.done for one in compared.by_channel.values()) == compared.messages.done == stats(running).sent == 1
    lifecycle.pause(running)
    assert "quando você retomar" in page_of(login(bruno), running, "?plano=1")
