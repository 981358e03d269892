"""The wizard: what is typed is kept, a form makes one campaign, and what is wrong is said where it is put right."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts.models import Membership, Organization, User
from campaigns.models import Campaign, CampaignState, Recipient, SkipReason
from campaigns.schedules.saving import change
from campaigns.schedules.starts import start_due
from campaigns.services import lifecycle
from campaigns.views.review import hours_in_words
from core.clock import SendingHours
from core.ids import uuid7
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.models import Contact, ContactList

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
NEW = "/campanhas/nova/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def form(in_acme: Organization, make_list: Any, make_channel: Any) -> dict[str, Any]:
    """Everything that a good form sends."""
    return {
        "key": str(uuid7()), "name": "Novembro", "lists": [str(make_list(3, first=900).pk)], "variant": ["Oi, {nome}!", "Olá!"],
        "channels": [str(make_channel().pk)], "when": "now", "go": "send", "business_context": "Clínica",
    }  # fmt: skip


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html) or re.search(rf'value="([^"]*)"[^>]*name="{name}"', html)
    return found[1] if found else ""


def test_the_form_makes_a_campaign_and_starts_it(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    answer = login(bruno).post(NEW, form)
    campaign = Campaign.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/campanhas/{campaign.pk}/")
    assert (campaign.state, campaign.name, campaign.business_context) == ("running", "Novembro", "Clínica")
    assert [one.body for one in campaign.variants.all()] == ["Oi, {nome}!", "Olá!"]
    assert Recipient.objects.filter(campaign=campaign, state="queued").count() == 3


def test_a_draft_is_kept_and_reaches_nobody(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    login(bruno).post(NEW, form | {"go": "draft", "when": "later", "start_at": ""})
    assert Campaign.objects.get().state == CampaignState.DRAFT
    assert not Recipient.objects.exists()


def test_a_start_is_scheduled_in_the_clock_of_the_business(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    at = timezone.localtime(timezone.now() + timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
    login(bruno).post(NEW, form | {"when": "later", "start_at": at.strftime("%Y-%m-%dT%H:%M")})
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.start_at) == (CampaignState.SCHEDULED, at)


def test_hours_and_days_limit_when_it_sends(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    login(bruno).post(NEW, form | {"hours_start": "09:00", "hours_end": "18:00", "days": ["0", "4"]})
    assert Campaign.objects.get().sending_hours == {"days": [0, 4], "start": "09:00", "end": "18:00"}


def test_days_alone_limit_it_too(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    login(bruno).post(NEW, form | {"days": ["2"]})
    assert Campaign.objects.get().sending_hours["days"] == [2]


@pytest.mark.parametrize(
    ("change", "step", "words"),
    [
        ({"name": " "}, "publico", "Nome da campanha"),
        ({"lists": []}, "publico", "Escolha pelo menos uma lista"),
        ({"lists": ["nonsense"]}, "publico", "Listas"),
        ({"variant": ["", "  "]}, "mensagem", "Escreva pelo menos uma mensagem"),
        ({"variant": ["x" * 4097]}, "mensagem", "4.096"),
        ({"variant": ["oi"] * 21}, "mensagem", "20 variações"),
        ({"variant": ["a\x00b"]}, "mensagem", "caracteres"),
        ({"channels": []}, "numeros", "Escolha pelo menos um número"),
        ({"when": "later", "start_at": ""}, "quando", "Escolha dia e hora"),
        ({"when": "later", "start_at": "31/02"}, "quando", "Escolha dia e hora"),
        ({"when": "later", "start_at": "2020-01-01T09:00"}, "quando", "já passou"),
        ({"hours_start": "09:00"}, "quando", "Preencha os dois"),
        ({"hours_start": "25:99", "hours_end": "x"}, "quando", "Enviar das"),
        ({"days": ["9"]}, "quando", "dias"),
        ({"when": "never"}, "quando", "Início"),
    ],
)
def test_what_is_wrong_is_said_with_its_step_and_nothing_is_lost(
    bruno: Membership, login: Login, form: dict[str, Any], change: dict[str, Any], step: str, words: str
) -> None:
    answer = login(bruno).post(NEW, form | change)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#{step}">Corrigir' in page
    assert words in page
    assert f'id="{step}"' in page.split(" data-first")[0].rsplit("<section", 1)[-1]
    if "variant" not in change:
        assert "Oi, {nome}!" in page and "Olá!" in page
    assert "Clínica" in page
    assert not Campaign.objects.exists()


def test_nobody_who_may_receive_leaves_nothing_half_written(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    Contact.objects.update(opted_out_at=timezone.now())
    answer = login(bruno).post(NEW, form)
    assert answer.status_code == 422
    assert "Ninguém nestas listas" in answer.content.decode()
    assert not Campaign.objects.exists()


def test_markup_in_a_text_stays_text(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    page = (
        login(bruno)
        .post(NEW, form | {"name": "", "variant": ["</textarea><script>alert(1)</script>"]})
        .content.decode()
    )
    assert "<script>alert" not in page


# ---- Twice


def test_a_double_click_makes_one_campaign(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    first, second = client.post(NEW, form), client.post(NEW, form)
    assert first["Location"] == second["Location"]
    assert Campaign.objects.count() == 1


def test_a_form_that_was_changed_after_it_was_sent_asks_again(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    client = login(bruno)
    client.post(NEW, form)
    page = client.post(NEW, form | {"variant": ["Outra"]})
    assert page.status_code == 422
    again = hidden(page.content.decode(), "key")
    assert UUID(again) != UUID(form["key"])
    client.post(NEW, form | {"variant": ["Outra"], "key": again})
    assert Campaign.objects.count() == 2


def test_two_windows_make_two_campaigns(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    keys = [hidden(client.get(NEW).content.decode(), "key") for _ in range(2)]
    for key in keys:
        client.post(NEW, form | {"key": key})
    assert sorted(str(one.pk) for one in Campaign.objects.all()) == sorted(keys)


def test_the_id_of_another_business_overwrites_nothing(
    bruno: Membership, carla: Membership, login: Login, form: dict[str, Any], in_acme: Organization
) -> None:
    with activate_organization(carla.organization_id):
        theirs = Campaign.objects.create(name="Delas")
    answer = login(bruno).post(NEW, form | {"key": str(theirs.pk)})
    assert answer.status_code == 422
    with activate_organization(carla.organization_id):
        assert Campaign.objects.get(pk=theirs.pk).name == "Delas"


@pytest.mark.parametrize("key", ["", "nonsense"])
def test_a_key_that_is_none_makes_no_fault(bruno: Membership, login: Login, form: dict[str, Any], key: str) -> None:
    assert login(bruno).post(NEW, form | {"key": key}).status_code in {302, 422}


# ---- Without JavaScript


def test_one_more_text_without_javascript(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    page = login(bruno).post(NEW, form | {"go": "add"}).content.decode()
    assert page.count('name="variant"') == 3
    assert "Oi, {nome}!" in page and 'value="Novembro"' in page
    assert 'id="mensagem" aria-labelledby="t-mensagem" data-first' in page
    assert not Campaign.objects.exists()


def test_one_text_less_without_javascript(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    page = login(bruno).post(NEW, form | {"go": "remove:0"}).content.decode()
    assert "Oi, {nome}!" not in page and "Olá!" in page


def test_enter_in_a_field_sends_nothing(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    page = login(bruno).get(NEW).content.decode()
    assert re.search(r"<button[^>]*value=\"([a-z:0-9]+)\"", page.split("<form", 1)[1])[1] == "stay"  # type: ignore[index]
    assert login(bruno).post(NEW, form | {"go": "stay"}).status_code == 200
    assert not Campaign.objects.exists()


def test_every_step_is_a_part_of_the_page(bruno: Membership, login: Login) -> None:
    page = login(bruno).get(NEW).content.decode()
    for step in ("publico", "mensagem", "numeros", "quando", "conferencia"):
        assert f'href="#{step}"' in page and f'id="{step}"' in page


# ---- While somebody writes


def test_the_audience_says_who_is_left_out_and_why(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    gone = Contact.objects.order_by("pk")[0]
    Contact.objects.filter(pk=gone.pk).update(opted_out_at=timezone.now())
    html = login(bruno).post(f"{NEW}resumo/", form, headers=HTMX).content.decode()
    assert "<b data-receives>2</b>" in html
    assert f"1 {SkipReason.OPTED_OUT.label}</button>" in html
    assert html.count("hx-swap-oob") == 5


def test_the_plan_by_day_adds_up_to_who_receives(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    html = login(bruno).post(f"{NEW}resumo/", form, headers=HTMX).content.decode()
    assert sum(int(count) for count in re.findall(r'flight-count">(\d+)<', html)) == 3


def test_the_last_step_repeats_each_choice_with_the_way_back_to_it(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    Contact.objects.filter(pk=Contact.objects.order_by("pk")[0].pk).update(opted_out_at=timezone.now())
    chosen = {"hours_start": "09:00", "hours_end": "18:30", "days": ["0", "4"]}
    html = login(bruno).post(f"{NEW}resumo/", form | chosen, headers=HTMX).content.decode()
    check = html.split('class="review"')[1].split("</ul>")[0]
    for words in ("Novembro", "Pacientes", "2 textos", "Recepção", "Assim que você enviar"):
        assert f"<b>{words}</b>" in check
    assert "só das 9h às 18h30, em seg, sex" in check
    assert "<small>em partes iguais</small>" in check
    for step in ("publico", "mensagem", "numeros", "quando"):
        assert f'href="#{step}"' in check
    assert "1 pessoa fica de fora" in check
    assert "Enviar agora para 2 contatos" in html and "Agendar 2 envios" in html


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({}, ""),
        ({"days": [], "start": "09:00", "end": "18:00"}, "só das 9h às 18h"),
        ({"days": [5, 6], "start": "00:00", "end": "23:59"}, "só em sáb, dom"),
        ({"days": [], "start": "00:00", "end": "23:59"}, ""),
    ],
)
def test_sending_hours_in_words(hours: SendingHours, words: str) -> None:
    with translation.override("pt-br"):
        assert hours_in_words(hours) == words


def test_a_number_that_is_not_connected_is_said_before_it_matters(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    Channel.objects.update(state="disconnected")
    html = login(bruno).post(f"{NEW}resumo/", form, headers=HTMX).content.decode()
    assert "Nenhum destes números está conectado agora" in html


def test_what_is_missing_leads_to_its_step(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    html = login(bruno).post(f"{NEW}resumo/", {"when": "later"}, headers=HTMX).content.decode()
    for step in ("publico", "mensagem", "numeros", "quando"):
        assert f'href="#{step}">Ir até lá' in html


@pytest.mark.parametrize("path", ["resumo/", "previa/", "variacao/"])
def test_nonsense_while_writing_is_no_fault(bruno: Membership, login: Login, form: dict[str, Any], path: str) -> None:
    bad = {
        "lists": ["x", str(uuid4())], "channels": ["<b>"], "when": "later", "start_at": "amanhã", "days": ["x"],
        "hours_start": "9h", "hours_end": "09:00", "variant": ["{", "\x00", "x" * 9000] * 9, "preview_as": "x", "go": "write:99",
    }  # fmt: skip
    assert login(bruno).post(f"{NEW}{path}", bad, headers=HTMX).status_code < 300


def test_the_preview_shows_the_text_as_somebody_of_the_list_reads_it(
    bruno: Membership, login: Login, form: dict[str, Any], make_list: Any, make_contact: Any
) -> None:
    chosen = make_list(contacts=[make_contact(50, "Mariana Teixeira"), make_contact(51, "Rodrigo Farias")])
    data = form | {"lists": [str(chosen.pk)], "preview_as": str(Contact.objects.get(name="Rodrigo Farias").pk)}
    html = login(bruno).post(f"{NEW}previa/", data, headers=HTMX).content.decode()
    assert "Oi, Rodrigo!" in html and "Ver como Mariana Teixeira" in html


def test_a_field_that_nobody_has_is_named(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    html = (
        login(bruno).post(f"{NEW}previa/", form | {"variant": ["Oi {bairro}, {nome}"]}, headers=HTMX).content.decode()
    )
    assert "{bairro}</span>" in html
    assert "{nome}</span>" not in html


def test_the_model_fills_the_empty_text_alone(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = form | {"variant": ["Meu texto", ""], "go": "write", "business_context": "Dentista em Campinas"}
    answer = login(bruno).post(f"{NEW}variacao/", data, headers=HTMX)
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#variant-1", "outerHTML")
    html = answer.content.decode()
    assert "Meu texto" not in html
    assert len(re.sub(r"<[^>]+>", "", html.split("<textarea")[1]).strip()) > 20


def test_the_model_never_writes_over_what_somebody_wrote(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = form | {"variant": ["Meu texto"], "go": "write:0", "business_context": "Dentista em Campinas"}
    answer = login(bruno).post(f"{NEW}variacao/", data, headers=HTMX)
    assert 'id="variant-1"' in answer.content.decode()


def test_without_a_word_about_the_business_the_model_asks_for_it(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    answer = login(bruno).post(f"{NEW}variacao/", {"variant": [""], "go": "write"}, headers=HTMX)
    assert "Conte" in answer.content.decode() or "negócio" in answer.content.decode()
    assert answer["HX-Reswap"] == "none"


def test_removing_a_text_names_the_others_anew(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = {"variant": ["um", "dois", "três"], "go": "remove:1"}
    answer = login(bruno).post(f"{NEW}variacao/", data, headers=HTMX)
    html = answer.content.decode()
    assert answer["HX-Retarget"] == "#variants"
    assert "dois" not in html and "Variação B" in html and "Variação C" not in html


# ---- Changing, copying


def test_a_draft_is_changed_by_the_same_form(
    bruno: Membership, login: Login, make_campaign: Any, form: dict[str, Any]
) -> None:
    draft, client = make_campaign(2), login(bruno)
    page = client.get(f"/campanhas/{draft.pk}/editar/").content.decode()
    assert "Oi, {nome}!" in page and 'value="Novembro"' in page
    answer = client.post(
        f"/campanhas/{draft.pk}/editar/", form | {"version": hidden(page, "version"), "name": "Dezembro", "go": "draft"}
    )
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert (draft.name, draft.state, Campaign.objects.count()) == ("Dezembro", "draft", 1)


def test_two_windows_do_not_overwrite_each_other_unseen(
    bruno: Membership, login: Login, make_campaign: Any, form: dict[str, Any]
) -> None:
    draft, client = make_campaign(2), login(bruno)
    path = f"/campanhas/{draft.pk}/editar/"
    version = hidden(client.get(path).content.decode(), "version")
    mine = form | {"go": "draft", "version": version}
    client.post(path, mine | {"name": "Primeira"})
    refused = client.post(path, mine | {"name": "Segunda"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "mudou em outra janela (nome da campanha, listas, mensagem, números)" in page and 'value="Segunda"' in page
    assert f'href="/campanhas/{draft.pk}/" target="_blank"' in page, "how it is saved now is one click away"
    assert Campaign.objects.get().name == "Primeira"
    client.post(path, mine | {"name": "Segunda", "version": hidden(page, "version")})
    assert Campaign.objects.get().name == "Segunda"


def test_a_campaign_that_started_is_not_changed(
    bruno: Membership, login: Login, make_campaign: Any, form: dict[str, Any]
) -> None:
    running = lifecycle.start(make_campaign(2))
    answer = login(bruno).get(f"/campanhas/{running.pk}/editar/")
    assert answer["Location"] == f"/campanhas/{running.pk}/"


def test_what_was_written_for_one_that_started_meanwhile_becomes_another(
    bruno: Membership, login: Login, make_campaign: Any, form: dict[str, Any]
) -> None:
    running, client = lifecycle.start(make_campaign(2)), login(bruno)
    path = f"/campanhas/{running.pk}/editar/"
    mine = form | {
        "key": str(running.pk),
        "version": "x",
        "go": "draft",
        "name": "Meu texto",
        "variant": ["Não se perde"],
    }
    page = client.post(path, mine)
    assert page.status_code == 422
    html = page.content.decode()
    assert "começou enquanto você editava" in html and "Não se perde" in html
    assert f'action="{NEW}#resultado"' in html
    assert "Não se perde" in client.post(path, mine | {"go": "add"}).content.decode(), (
        "so does a button without JavaScript"
    )
    client.post(NEW, mine | {"key": hidden(html, "key"), "version": ""})
    other = Campaign.objects.exclude(pk=running.pk).get()
    assert (other.state, other.variants.get().body) == ("draft", "Não se perde")
    running.refresh_from_db()
    assert (running.name, running.state) == ("Novembro", "running")


def test_a_list_deleted_meanwhile_is_said_in_words(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    ContactList.objects.all().delete()
    Channel.objects.update(removed_at=timezone.now())
    html = login(bruno).post(NEW, form).content.decode()
    assert "Uma delas foi apagada. Escolha de novo." in html
    assert "Um deles foi removido. Escolha de novo." in html
    assert form["lists"][0] not in html, "nobody reads an id"


def test_a_draft_remembers_the_day_it_is_meant_for(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    client.post(NEW, form | {"go": "draft", "when": "later", "start_at": "2020-01-01T09:00"})
    draft = Campaign.objects.get()
    assert draft.state == CampaignState.DRAFT and draft.start_at is not None
    assert start_due() == 0 and not Recipient.objects.exists()
    page = client.get(f"/campanhas/{draft.pk}/editar/").content.decode()
    assert re.search(r'value="later"[^>]* checked', page) and 'value="2020-01-01T09:00"' in page
    assert client.get(f"/campanhas/{draft.pk}/").status_code == 200
    change(draft, {"name": "Outro nome"})
    draft.refresh_from_db()
    assert (draft.name, draft.state) == ("Outro nome", CampaignState.DRAFT), "a program does not schedule it unasked"
    change(draft, {"start_at": timezone.now() + timedelta(days=1)})
    draft.refresh_from_db()
    assert draft.state == CampaignState.SCHEDULED


def test_a_copy_begins_with_everything_but_the_start(
    bruno: Membership, login: Login, in_acme: Organization, make_campaign: Any
) -> None:
    old = make_campaign(2, name="Outubro", start_at=timezone.now() + timedelta(days=1))
    page = login(bruno).get(f"{NEW}?copiar={old.pk}").content.decode()
    assert 'value="Outubro (cópia)"' in page and "Oi, {nome}!" in page
    assert re.search(r'value="now"[^>]*checked', page)


def test_a_list_can_be_chosen_by_the_address(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    page = login(bruno).get(f"{NEW}?lista={form['lists'][0]}").content.decode()
    assert f'value="{form["lists"][0]}" checked' in page


@pytest.mark.parametrize("query", ["copiar=x", "lista=x", "lista=", "copiar=01a1fd09-13af-7a55-a1be-610ceae748d9"])
def test_a_strange_address_opens_an_empty_form(bruno: Membership, login: Login, query: str) -> None:
    assert login(bruno).get(f"{NEW}?{query}").status_code == 200


# ---- Who


def test_a_viewer_writes_no_campaigns(vera: Membership, login: Login, form: dict[str, Any]) -> None:
    assert login(vera).get(NEW).status_code == 403
    assert login(vera).post(NEW, form).status_code == 403


def test_lists_and_numbers_of_others_do_not_exist(carla: Membership, login: Login, form: dict[str, Any]) -> None:
    answer = login(carla).post(NEW, form)
    assert answer.status_code == 422
    with activate_organization(carla.organization_id):
        assert not Campaign.objects.exists()
        assert "Pacientes" not in login(carla).get(NEW).content.decode()


def test_a_draft_of_others_is_absent(
    carla: Membership, login: Login, in_acme: Organization, make_campaign: Any
) -> None:
    assert login(carla).get(f"/campanhas/{make_campaign(1).pk}/editar/").status_code == 404


def test_the_form_costs_few_queries(
    bruno: Membership, login: Login, form: dict[str, Any], make_list: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(4):
        make_list(1, first=100 + number)
    client = login(bruno)
    client.get(NEW)
    assert ContactList.objects.count() == 5
    with django_assert_max_num_queries(26):
        client.get(NEW)


def test_the_wizard_counts_and_keeps_whom_the_campaign_is_for(
    bruno: Membership, login: Login, form: dict[str, Any], make_list: Any, make_contact: Any
) -> None:
    people = [
        make_contact(70, "Ana", temperature="quente", tags=["vip"]),
        make_contact(71, "Bia", attributes={"plano": "Ouro"}),
    ]
    client = login(bruno)
    chosen = form | {
        "lists": [str(make_list(contacts=people).pk)], "temperatures": ["quente", "none"], "field_key_0": "plano",
        "field_operator_0": "contains", "field_value_0": "our", "unanswered": "5", "go": "draft",
    }  # fmt: skip
    html = client.post(f"{NEW}resumo/", chosen, headers=HTMX).content.decode()
    assert "<b data-receives>1</b>" in html
    assert "1 fora da sua escolha" in html
    assert "Quentes, Sem qualificação; plano contém our" in html
    client.post(NEW, chosen)
    campaign = Campaign.objects.get()
    assert campaign.audience_rules == {
        "temperatures": ["quente", "none"], "fields": [["plano", "contains", "our"]], "unanswered": 5,
    }  # fmt: skip
    page = client.get(f"/campanhas/{campaign.pk}/editar/").content.decode()
    assert re.search(r'value="none"[^>]* checked', page)
    assert 'value="our"' in page
    assert "1 fora da sua escolha" in page


def test_rules_that_make_no_sense_lead_back_to_the_audience(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    answer = login(bruno).post(NEW, form | {"cap_count": "2"})
    assert answer.status_code == 422
    assert "Diga quantas mensagens e em quantos dias." in answer.content.decode()
    assert not Campaign.objects.exists()
    answer = login(bruno).post(NEW, form | {"temperatures": ["pelando"], "cap_days": "muitos"})
    assert (answer.status_code, Campaign.objects.exists()) == (422, False)


def test_a_button_of_the_message_keeps_the_rules(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    typed = form | {"temperatures": ["frio"], "not_customer": "on", "cap_count": "1", "cap_days": "7", "go": "add"}
    page = login(bruno).post(NEW, typed).content.decode()
    assert re.search(r'value="frio"[^>]* checked', page)
    assert re.search(r'name="not_customer"[^>]* checked', page)
    assert re.search(r'name="cap_days" value="7"', page)
