"""Many texts at once: offered with their difference, picked, edited, kept; what was typed is never lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, User
from campaigns.models import Campaign, Split
from core.ids import uuid7
from core.tenancy import activate_organization
from gateways.models import Channel, MessageTemplate, TemplateStatus
from sdr.models import ModelCall
from sdr.services.copy import Variations
from sdr.services.profiles import get_profile, update_profile
from tests.sdr.providers.openai_server import serving

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
NEW, PATH = "/campanhas/nova/", "/campanhas/nova/variacao/"
HTMX = {"HX-Request": "true"}
BUSINESS = "Sou dentista em Campinas. Oferecemos limpeza e clareamento."


@pytest.fixture
def form(in_acme: Organization, make_list: Any, make_channel: Any) -> dict[str, Any]:
    return {
        "key": str(uuid7()), "name": "Novembro", "lists": [str(make_list(3, first=900).pk)], "variant": ["Meu texto", ""],
        "channels": [str(make_channel().pk)], "when": "now", "business_context": BUSINESS, "copy_kind": "offer",
    }  # fmt: skip


def fields(html: str, name: str) -> list[str]:
    """Return the texts of the textareas of a name."""
    return re.findall(rf'<textarea[^>]*name="{name}"[^>]*>([^<]*)</textarea>', html)


@pytest.mark.parametrize("count", [10, 15, 20])
def test_as_many_as_asked_for_are_offered(bruno: Membership, login: Login, form: dict[str, Any], count: int) -> None:
    answer = login(bruno).post(PATH, form | {"go": f"offer:{count}"}, headers=HTMX)
    html = answer.content.decode()
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#offer", "outerHTML")
    assert len(set(fields(html, "candidate"))) == count
    assert html.count("% diferente") == count
    assert "Escrito pelo motor local, sem custo." in html and html.count("motor local") > count
    assert html.count(" checked") == count


def test_a_strange_number_is_ten(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    for go in ("offer", "offer:x", "offer:1000000"):
        html = login(bruno).post(PATH, form | {"go": go, "copy_kind": "x"}, headers=HTMX).content.decode()
        assert len(fields(html, "candidate")) == 10


def test_what_a_model_costs_and_what_was_refused_is_said(
    bruno: Membership, login: Login, form: dict[str, Any], settings: Any
) -> None:
    with serving() as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", server.url
        with activate_organization(bruno.organization_id):
            update_profile(get_profile(), {"provider": "openai"})
        server.output = '{"messages": ["Oi, {nome}!\\nVamos falar do seu sorriso?", "Uma linha só, {nome}"]}'
        html = login(bruno).post(PATH, form | {"go": "offer:10"}, headers=HTMX).content.decode()
    assert "Custou no máximo R$ 0,0" in html
    assert "OpenAI" in html and "motor local" in html
    assert "Não tem de 2 a 4 linhas." in html and "Uma linha só, {nome}" in html
    with activate_organization(bruno.organization_id):
        assert ModelCall.objects.filter(task="copy", provider="openai").count() == 2


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ('{"messages": ["Oi, {nome}!\\nVamos falar do seu sorriso?"]}', "Escrito por OpenAI. Custou no máximo R$ 0,0"),
        ('{"messages": ["Uma linha só, {nome}"]}', "O texto que veio foi recusado, então o motor local escreveu este."),
        ("não sei", "OpenAI não respondeu como devia, então o motor local escreveu no lugar."),
    ],
    ids=["good", "refused", "rubbish"],
)
def test_one_text_says_who_wrote_it_and_what_it_cost(
    bruno: Membership, login: Login, form: dict[str, Any], settings: Any, output: str, words: str
) -> None:
    with serving() as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", server.url
        with activate_organization(bruno.organization_id):
            update_profile(get_profile(), {"provider": "openai"})
        server.output = output
        html = login(bruno).post(PATH, form | {"go": "write"}, headers=HTMX).content.decode()
    assert words in html.replace("\xa0", " ")
    assert "tokens" in html


@pytest.mark.parametrize("go", ["write", "offer:10"])
def test_what_keeps_a_model_from_writing_is_said_as_it_is(
    bruno: Membership, login: Login, form: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch, go: str
) -> None:
    client, settings.OPENAI_API_KEY = login(bruno), ""
    with activate_organization(bruno.organization_id):
        update_profile(get_profile(), {"provider": "openai"})
    html = client.post(PATH, form | {"go": go}, headers=HTMX).content.decode()
    assert (
        "OpenAI ainda não tem chave, então o motor local escreveu no lugar. Escrito pelo motor local, sem custo."
        in html
    )
    settings.OPENAI_API_KEY = "sk-test"
    monkeypatch.setattr("sdr.services.asking.is_over_budget", lambda *_args: True)
    html = client.post(PATH, form | {"go": go}, headers=HTMX).content.decode()
    assert "O limite de gasto com IA deste mês acabou" in html


def test_without_javascript_the_cost_is_a_message(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    assert "sem custo." in login(bruno).post(NEW, form | {"go": "write"}).content.decode()


def test_where_every_text_is_in_use_it_is_said(
    bruno: Membership, login: Login, form: dict[str, Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr("campaigns.views.variants.write_variations", lambda *_args, **_more: Variations([], [], 0))
    for go in ("write", "offer:20"):
        answer = login(bruno).post(PATH, form | {"go": go}, headers=HTMX)
        assert answer["HX-Reswap"] == "none"
        assert "Nenhum outro texto fica diferente o bastante" in answer.content.decode()


def test_what_has_become_like_another_is_not_kept_unasked(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    old = "Oi, {nome}!\nVamos falar do seu sorriso hoje?"
    data = form | {"variant": [old], "candidate": [old.replace("hoje", "agora")], "keep": ["0"], "go": "offer:10"}
    html = login(bruno).post(PATH, data, headers=HTMX).content.decode()
    assert 'class="is-alike"' in html
    assert html.count(" checked") == 10 and len(fields(html, "candidate")) == 11


def test_one_more_than_twenty_is_refused_in_words(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    answer = login(bruno).post(PATH, form | {"go": "add", "variant": ["oi"] * 20}, headers=HTMX)
    assert answer["HX-Reswap"] == "none"
    assert "Já são 20 variações" in answer.content.decode()


def test_the_ticked_ones_are_kept_as_they_were_edited(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = form | {"go": "keep", "candidate": ["um", "dois editado", "três"], "keep": ["1", "2"]}
    answer = login(bruno).post(PATH, data, headers=HTMX)
    html = answer.content.decode()
    assert answer["HX-Retarget"] == "#variants"
    assert fields(html, "variant") == ["Meu texto", "dois editado", "três"]
    assert 'id="offer"' in html and 'hx-swap-oob="true"' in html and not fields(html, "candidate")


def test_all_are_kept_by_one_button(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = form | {"go": "keep-all", "candidate": ["um", "dois"], "keep": []}
    html = login(bruno).post(PATH, data, headers=HTMX).content.decode()
    assert fields(html, "variant") == ["Meu texto", "um", "dois"]


def test_what_finds_no_room_stays_offered(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = form | {
        "variant": [f"texto {n}" for n in range(18)],
        "go": "keep-all",
        "candidate": ["um", "dois", "três", "quatro"],
    }
    html = login(bruno).post(PATH, data, headers=HTMX).content.decode()
    assert fields(html, "variant")[-2:] == ["um", "dois"]
    assert fields(html, "candidate") == ["três", "quatro"]
    full = login(bruno).post(PATH, data | {"variant": [f"texto {n}" for n in range(20)]}, headers=HTMX)
    assert "Já são 20 variações" in full.content.decode() and full["HX-Reswap"] == "none"


def test_no_tick_is_said(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    answer = login(bruno).post(PATH, form | {"go": "keep", "candidate": ["um"]}, headers=HTMX)
    assert "Marque pelo menos um texto" in answer.content.decode()


def test_asking_again_keeps_what_was_offered_and_edited(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = form | {"go": "offer:10", "candidate": ["editado por mim"], "candidate_by": [""], "keep": []}
    html = login(bruno).post(PATH, data, headers=HTMX).content.decode()
    texts = fields(html, "candidate")
    assert texts[0] == "editado por mim" and len(set(texts)) == 11
    assert html.count(" checked") == 10


def test_discarding_empties_the_offer_alone(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    answer = login(bruno).post(PATH, form | {"go": "discard", "candidate": ["um"]}, headers=HTMX)
    assert answer["HX-Retarget"] == "#offer"
    assert "um" not in fields(answer.content.decode(), "candidate")


def test_without_javascript_everything_stays_on_the_page(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    page = client.post(NEW, form | {"go": "offer:10"}).content.decode()
    texts = fields(page, "candidate")
    assert len(texts) == 10 and fields(page, "variant") == ["Meu texto", ""]
    assert 'value="Novembro"' in page and '<option value="offer" selected>' in page
    kept = client.post(NEW, form | {"go": "keep", "candidate": texts, "keep": ["0", "3"]}).content.decode()
    assert fields(kept, "variant") == ["Meu texto", texts[0], texts[3]]
    refused = client.post(NEW, form | {"go": "send", "name": "", "candidate": texts, "keep": ["1"]})
    assert refused.status_code == 422 and fields(refused.content.decode(), "candidate") == texts


def test_a_zero_byte_is_no_fault(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    for go in ("offer:10", "write", "draft"):
        answer = login(bruno).post(NEW, form | {"go": go, "business_context": "Vendo\0 bolos"})
        assert answer.status_code < 500


def test_nothing_known_of_the_business_is_said(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    answer = login(bruno).post(PATH, form | {"go": "offer:10", "business_context": " "}, headers=HTMX)
    assert answer["HX-Reswap"] == "none" and "negócio" in answer.content.decode()


def test_markup_in_an_offered_text_stays_text(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = form | {
        "go": "send",
        "name": "",
        "candidate": ["</textarea><script>alert(1)</script>"],
        "candidate_by": ["<b>"],
    }
    page = login(bruno).post(NEW, data).content.decode()
    assert "<script>alert" not in page and "<i>" not in page


@pytest.mark.parametrize(
    "bad",
    [
        {"keep": ["x", "-1", "99", "9" * 50], "candidate": ["um"]},
        {"candidate": ["um", "dois"], "candidate_by": ["a"]},
        {"candidate": ["x" * 9000] * 90, "keep": ["0"]},
        {"candidate": ["\x00"], "keep": ["0"]},
        {"weight": ["x", "", "-3", "9999"], "variant": ["a", "b", "c", "d"]},
    ],
    ids=["ticks", "authors", "many", "zero", "weights"],
)
@pytest.mark.parametrize("go", ["keep", "keep-all", "offer:15", "discard", "add"])
def test_nonsense_is_no_fault(
    bruno: Membership, login: Login, form: dict[str, Any], bad: dict[str, Any], go: str
) -> None:
    for path in (PATH, NEW):
        assert login(bruno).post(path, form | bad | {"go": go}, headers=HTMX).status_code < 300


def test_the_business_is_remembered_for_the_next_campaign(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    client = login(bruno)
    client.post(PATH, form | {"go": "offer:10"}, headers=HTMX)
    assert BUSINESS in client.get(NEW).content.decode()
    client.post(NEW, form | {"go": "draft", "business_context": "Vendo bolos"})
    page = client.get(NEW).content.decode()
    assert "Vendo bolos" in page and BUSINESS not in page
    draft = Campaign.objects.get()
    assert "Vendo bolos" in client.get(f"/campanhas/{draft.pk}/editar/").content.decode()


# ---- Weights


def test_weights_and_the_way_of_dividing_are_kept(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    client = login(bruno)
    data = form | {"variant": ["um", "", "três"], "weight": ["3", "1", "2"], "split": "auto", "go": "draft"}
    client.post(NEW, data)
    draft = Campaign.objects.get()
    assert draft.split == Split.AUTOMATIC
    assert [(one.body, one.weight) for one in draft.variants.all()] == [("um", 3), ("três", 2)]
    page = client.get(f"/campanhas/{draft.pk}/editar/").content.decode()
    assert re.findall(r'name="weight"[^>]*value="(\d+)"', page) == ["3", "2"]
    assert re.search(r'value="auto"[^>]*checked', page)


def test_a_weight_goes_with_its_text(bruno: Membership, login: Login, form: dict[str, Any]) -> None:
    data = form | {"variant": ["um", "dois", "três"], "weight": ["3", "9", "2"], "go": "remove:1"}
    html = login(bruno).post(PATH, data, headers=HTMX).content.decode()
    assert re.findall(r'name="weight"[^>]*value="(\d+)"', html) == ["3", "2"]


@pytest.mark.parametrize("weight", ["0", "101", "x", "-1"])
def test_a_weight_that_is_none_is_refused_with_its_step(
    bruno: Membership, login: Login, form: dict[str, Any], weight: str
) -> None:
    answer = login(bruno).post(NEW, form | {"variant": ["um"], "weight": [weight], "go": "send"})
    assert answer.status_code == 422
    assert (
        "peso de uma variação vai de 1 a 100" in answer.content.decode().lower() or "1 a 100" in answer.content.decode()
    )
    assert not Campaign.objects.exists()


# ---- Approved templates


@pytest.fixture
def official(in_acme: Organization, make_channel: Any) -> Channel:
    config = {
        "phone_number_id": "1",
        "waba_id": "2",
        "token": "t",
        "app_secret": "s",
        "base_url": "https://graph.facebook.com",
    }
    channel: Channel = make_channel("Oficial", "cloud", config=config)
    for name, status in (("retorno", TemplateStatus.APPROVED), ("antigo", TemplateStatus.PAUSED)):
        MessageTemplate.objects.create(
            channel=channel, name=name, body=f"Oi {{{{1}}}}, é o {name}. Quer?", status=status
        )
    return channel


def test_an_approved_template_is_chosen_where_the_text_is_written(
    bruno: Membership, login: Login, form: dict[str, Any], official: Channel
) -> None:
    client = login(bruno)
    page = client.get(NEW).content.decode()
    assert "retorno · Oi" in page and "antigo" not in page
    chosen = str(MessageTemplate.objects.get(name="retorno").pk)
    answer = client.post(PATH, form | {"go": "template", "template": chosen}, headers=HTMX)
    assert answer["HX-Retarget"] == "#variant-1"
    assert fields(answer.content.decode(), "variant") == ["Oi {nome|tudo bem}, é o retorno. Quer?"]
    for wrong in ("x", str(MessageTemplate.objects.get(name="antigo").pk)):
        answer = client.post(PATH, form | {"go": "template", "template": wrong}, headers=HTMX)
        assert "Escolha um modelo aprovado." in answer.content.decode()


def test_without_an_official_number_templates_are_not_spoken_of(
    bruno: Membership, login: Login, form: dict[str, Any]
) -> None:
    assert "Usar este modelo" not in login(bruno).get(NEW).content.decode()


def test_a_text_that_is_no_template_is_said_before_it_is_sent(
    bruno: Membership, login: Login, form: dict[str, Any], official: Channel
) -> None:
    client, data = login(bruno), form | {"channels": [str(official.pk)]}
    html = client.post(f"{NEW}resumo/", data | {"variant": ["Texto livre"]}, headers=HTMX).content.decode()
    assert "Oficial é um número oficial, e a mensagem A não é um modelo aprovado dele." in html
    answer = client.post(f"{NEW}resumo/", data | {"variant": ["Oi {nome|você}, é o retorno. Quer?"]}, headers=HTMX)
    assert "modelo aprovado dele" not in answer.content.decode()
