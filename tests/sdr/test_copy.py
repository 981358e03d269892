import json
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Organization
from core.tenancy import activate_organization
from sdr.copywriting import similarity
from sdr.models import ModelCall
from sdr.services.copy import MissingContextError, write_copy
from sdr.services.profiles import get_profile, update_profile
from tests.sdr.providers.openai_server import OpenAiServer, serving

pytestmark = pytest.mark.django_db
CONTEXT = "Sou dentista. Oferecemos limpeza e clareamento."


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
