import json
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Organization
from core.tenancy import activate_organization
from sdr.copywriting import CopyKind, similarity
from sdr.models import ModelCall
from sdr.services.copy import (
    COUNTS,
    MissingContextError,
    remember_context,
    remembered_context,
    write_copy,
    write_variations,
)
from sdr.services.profiles import get_profile, update_profile
from tests.sdr.providers.openai_server import OpenAiServer, serving

pytestmark = pytest.mark.django_db
CONTEXT = "Sou dentista. Oferecemos limpeza e clareamento."
FINE = "Oi, {nome|tudo bem}!\nVamos falar do seu sorriso?"


@pytest.fixture
def acme() -> Iterator[None]:
    with activate_organization(Organization.objects.create(name="Acme").pk):
        yield


@pytest.fixture
def server(settings: Any) -> Iterator[OpenAiServer]:
    with serving() as state:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", state.url
        yield state


@pytest.mark.usefixtures("acme")
def test_three_texts_come_without_a_key(settings: Any) -> None:
    settings.OPENAI_API_KEY = ""
    assert len(set(write_copy(CONTEXT, ""))) == 3


@pytest.mark.usefixtures("acme")
def test_asking_again_gives_another_text() -> None:
    texts: list[str] = []
    for _press in range(5):
        texts += write_copy(CONTEXT, "", count=1, than=texts)
    assert len(texts) == 5
    assert max(similarity(one, other) for one in texts for other in texts if one is not other) < 0.5


@pytest.mark.usefixtures("acme")
def test_nothing_known_is_refused_in_words() -> None:
    with pytest.raises(MissingContextError):
        write_copy(" ", "")


@pytest.mark.usefixtures("acme")
def test_a_model_that_writes_too_little_is_helped_out(server: OpenAiServer) -> None:
    update_profile(get_profile(), {"provider": "openai"})
    server.output = json.dumps({"messages": ["Oi, {nome|tudo bem}!\nVamos falar do seu sorriso?"]})
    texts = write_copy(CONTEXT, "")
    assert texts[0] == "Oi, {nome|tudo bem}!\nVamos falar do seu sorriso?"
    assert len(set(texts)) == 3


@pytest.mark.usefixtures("acme")
def test_a_model_that_fails_is_replaced_and_the_ledger_says_so(server: OpenAiServer) -> None:
    update_profile(get_profile(), {"provider": "openai"})
    server.status = 500
    assert len(set(write_copy(CONTEXT, ""))) == 3
    assert ledger() == [("copy", "openai", "", "InternalServerError 500"), ("copy", "local", "openai", "")]


@pytest.mark.usefixtures("acme")
def test_a_provider_without_a_key_is_replaced_and_the_ledger_says_so(settings: Any) -> None:
    settings.OPENAI_API_KEY = ""
    update_profile(get_profile(), {"provider": "openai"})
    assert len(write_copy(CONTEXT, "")) == 3
    assert ledger() == [("copy", "local", "openai", "")]


@pytest.mark.usefixtures("acme")
def test_own_texts_are_in_the_ledger_and_cost_nothing() -> None:
    write_copy(CONTEXT, "")
    assert ledger() == [("copy", "local", "", "")]
    assert ModelCall.objects.get().cost_micros == 0


def ledger() -> list[tuple[str, ...]]:
    return list(ModelCall.objects.order_by("at", "pk").values_list("task", "provider", "instead_of", "error"))


# ---- Ten to twenty at once

NEAR = "Oi, {nome|tudo bem}!\nVamos falar do seu sorriso hoje?"


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("kind", list(CopyKind))
@pytest.mark.parametrize("count", COUNTS)
def test_variations_come_without_a_key_and_cost_nothing(settings: Any, kind: CopyKind, count: int) -> None:
    settings.OPENAI_API_KEY = ""
    found = write_variations(CONTEXT, kind=kind, count=count)
    assert len({one.text for one in found.texts}) == count
    assert {one.by for one in found.texts} == {""}
    assert min(one.difference for one in found.texts) > 50
    assert (found.refused, found.cost_micros, found.failed) == ([], 0, "")


@pytest.mark.usefixtures("acme")
def test_the_model_is_asked_once_more_for_what_was_refused(server: OpenAiServer) -> None:
    update_profile(get_profile(), {"provider": "openai"})
    server.output = json.dumps({"messages": [FINE, NEAR.replace("hoje?", "?"), "Uma linha só, {nome}"]})
    found = write_variations(CONTEXT, count=10)
    assert len(server.requests) == 2
    assert "recusados" not in json.dumps(server.requests[0], ensure_ascii=False)
    assert "2 a 4 linhas" in json.dumps(server.requests[1], ensure_ascii=False).split("recusados")[1]
    assert [one.by for one in found.texts] == ["OpenAI"] + [""] * 9
    assert "Não tem de 2 a 4 linhas." in {reason for _text, reason in found.refused}
    assert any("igual a outra variação" in reason for _text, reason in found.refused)


@pytest.mark.usefixtures("acme")
def test_what_the_variations_cost_is_what_the_ledger_says(server: OpenAiServer) -> None:
    update_profile(get_profile(), {"provider": "openai"})
    server.output = json.dumps({"messages": [FINE, "Uma linha só, {nome}"]})
    write_copy(CONTEXT, "")  # another bill
    before = set(ModelCall.objects.values_list("pk", flat=True))
    found = write_variations(CONTEXT, count=10)
    rows = ModelCall.objects.exclude(pk__in=before)
    assert found.cost_micros == sum(row.cost_micros for row in rows) > 0


@pytest.mark.usefixtures("acme")
def test_a_model_that_fails_is_named_and_the_local_engine_writes(server: OpenAiServer) -> None:
    update_profile(get_profile(), {"provider": "openai"})
    server.status = 500
    found = write_variations(CONTEXT, count=10)
    assert (found.failed, len(found.texts), {one.by for one in found.texts}) == ("OpenAI", 10, {""})


@pytest.mark.usefixtures("acme")
def test_variations_differ_from_what_is_written_already() -> None:
    first = [one.text for one in write_variations(CONTEXT, count=10).texts]
    more = write_variations(CONTEXT, count=10, than=first)
    assert not set(first) & {one.text for one in more.texts}
    assert min(one.difference for one in more.texts) > 50


@pytest.mark.usefixtures("acme")
def test_the_business_is_remembered_by_organization() -> None:
    assert remembered_context() == ""
    remember_context("  Vendo bolos ")
    remember_context("   ")
    assert remembered_context() == "Vendo bolos"
    with activate_organization(Organization.objects.create(name="Outra").pk):
        assert remembered_context() == ""
