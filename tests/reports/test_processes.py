"""The pages that tell owners what runs in the background, and let them undo it or do it again."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import AuditEntry, Membership, Organization, User
from core.breaker import CircuitOpenError, breaker_of
from core.clock import now
from core.ids import uuid7
from core.tenancy import activate_organization
from sagas.definition import SagaDefinition, SagaStep
from sagas.errors import PermanentStepError, StepUnknown, WaitUntil
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import orchestrator
from tests.support.jobs import drain
from tests.support.sagas import World

pytestmark = pytest.mark.django_db

Login = Callable[[Membership | User], Client]
LABELS = {"invoice": "Emitir a nota", "mail": "Avisar o cliente", "calendar": "Marcar na agenda"}


@pytest.fixture
def trip(world: World) -> Iterator[SagaDefinition]:
    steps = [
        SagaStep(name, world.action(name), world.compensation(name) if name != "mail" else None, 5, 1, label)
        for name, label in LABELS.items()
    ]
    yield orchestrator.define_saga("test_booking", steps, label="Agendamento de teste")
    del orchestrator._definitions["test_booking"]


@pytest.fixture
def world() -> World:
    return World()


def run(organization: Organization, saga_id: str = "booking:1") -> SagaExecution:
    with activate_organization(organization.pk):
        return orchestrator.execute("test_booking", saga_id, {"guest": "Maria Segredo"})


def page_of(client: Client, execution: SagaExecution) -> str:
    response = client.get(reverse("processes:process", args=[execution.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_an_owner_reads_what_each_step_did(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World
) -> None:
    world.fail("mail", RuntimeError("busy"))
    html = page_of(login(ana), run(acme))
    assert "Está tudo feito." in html and "2 tentativas." in html
    assert [html.index(label) for label in LABELS.values()] == sorted(html.index(label) for label in LABELS.values())
    assert "Maria Segredo" not in html, "payloads stay in the journal"


def test_an_owner_reads_what_was_undone_and_why(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World
) -> None:
    world.fail("calendar", PermanentStepError("A agenda está lotada."))
    html = page_of(login(ana), run(acme))
    assert escape("Parou em “Marcar na agenda” e o que já estava feito foi desfeito. A agenda está lotada.") in html
    assert "Aqui não há o que desfazer." in html and "Desfeito hoje às" in html and "Refazer" in html


def test_errors_of_programs_are_not_shown(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World
) -> None:
    world.fail("calendar", *[KeyError("access_map")] * 2)
    html = page_of(login(ana), run(acme))
    assert "access_map" not in html and "O outro serviço não respondeu como esperado." in html


def test_doubt_and_trouble_are_said(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World
) -> None:
    world.fail("calendar", *[StepUnknown("Sem resposta da agenda.")] * 2)
    world.fail("invoice:undo", PermanentStepError("A nota já foi paga."))
    html = page_of(login(ana), run(acme))
    assert "Pode ter acontecido mesmo assim" in html
    assert "Algo não pôde ser desfeito." in html and "A nota já foi paga." in html and "Precisa de você" in html


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WaitUntil(now() + timedelta(days=400), "O cliente ainda não confirmou."), "O cliente ainda não confirmou."),
        (CircuitOpenError(600), "Espera até"),
    ],
)
def test_a_wait_says_why_and_until_when(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World, error: Exception, words: str
) -> None:
    world.fail("mail", error)
    execution = run(acme)
    client = login(ana)
    for html in (page_of(client, execution), client.get(reverse("processes:list")).content.decode()):
        assert "Espera até" in html and words in html


def test_a_running_saga_says_where_it_is(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, settings: object
) -> None:
    with activate_organization(acme.pk):
        execution = orchestrator.start("test_booking", "booking:1", {})
    html = page_of(login(ana), execution)
    assert "Começa em instantes." in html and html.count("Ainda não começou") == 2


def test_an_owner_undoes_what_is_done(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World
) -> None:
    execution, client = run(acme), login(ana)
    url = reverse("processes:undo", args=[execution.pk])
    assert url in page_of(client, execution)
    response = client.post(url)
    assert response.url == reverse("processes:process", args=[execution.pk])  # type: ignore[attr-defined]
    drain()
    execution.refresh_from_db()
    assert (execution.state, execution.compensation_performed) == (SagaState.FAILED, True)
    assert world.calls[3:] == ["calendar:undo", "invoice:undo"]
    with activate_organization(acme.pk):
        assert AuditEntry.objects.get().action == "process.undone"


def test_an_owner_does_again_what_failed(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World
) -> None:
    world.fail("calendar", PermanentStepError("lotada"))
    execution, client = run(acme), login(ana)
    client.post(reverse("processes:retry", args=[execution.pk]))
    drain()
    execution.refresh_from_db()
    assert execution.state == SagaState.SUCCEEDED
    assert "Rodada número 2." in page_of(client, execution)


def test_a_second_click_is_a_friendly_refusal(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World
) -> None:
    world.fail("calendar", PermanentStepError("lotada"))
    execution, client = run(acme), login(ana)
    url = reverse("processes:retry", args=[execution.pk])
    client.post(url)
    second = client.post(url)
    assert [str(m) for m in get_messages(second.wsgi_request)][-1] == "Este processo não tem nada para tentar de novo."
    drain()
    assert world.calls.count("calendar") == 2


def test_buttons_are_where_they_are_allowed(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World
) -> None:
    client = login(ana)
    done = run(acme)
    assert "Refazer" not in page_of(client, done)
    client.post(reverse("processes:undo", args=[done.pk]))
    assert reverse("processes:undo", args=[done.pk]) not in page_of(client, done).split("<dialog")[0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"b:ok", "b:no", "b:stuck", "b:waits"}), ("estado=feitos", {"b:ok"}), ("estado=desfeitos", {"b:no"}),
        ("estado=atencao", {"b:stuck"}), ("estado=andamento", {"b:waits"}), ("q=STUCK", {"b:stuck"}),
        ("tipo=other", set()), ("tipo=test_booking&q=b:n", {"b:no"}), ("cursor=nonsense&q=b:ok", {"b:ok"}), ("q=%00b:ok", {"b:ok"}),
    ],
)  # fmt: skip
def test_the_list_can_be_narrowed(
    acme: Organization, ana: Membership, login: Login, trip: SagaDefinition, world: World, query: str, found: set[str]
) -> None:
    run(acme, "b:ok")
    world.fail("calendar", *[PermanentStepError("no")] * 2)
    run(acme, "b:no")
    world.fail("invoice:undo", PermanentStepError("no"))
    run(acme, "b:stuck")
    world.fail("invoice", WaitUntil(now() + timedelta(days=1)))
    run(acme, "b:waits")
    html = login(ana).get(f"{reverse('processes:list')}?{query}").content.decode()
    table = html.split("<tbody>")[1] if "<tbody>" in html else ""
    assert {one for one in ("b:ok", "b:no", "b:stuck", "b:waits") if one in table} == found


def test_the_list_goes_on_page_by_page_with_few_queries(
    acme: Organization,
    ana: Membership,
    login: Login,
    trip: SagaDefinition,
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    with activate_organization(acme.pk):
        for number in range(30):
            orchestrator.start("test_booking", f"b:{number:03d}", {})
    client = login(ana)
    client.get(reverse("processes:list"))
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]
        first = client.get(reverse("processes:list"))
    assert first.content.decode().count("<tr>") == 26
    assert "b:029" in first.content.decode() and "b:004" not in first.content.decode()
    more = client.get(f"{reverse('processes:list')}?cursor={first.context['next_cursor']}")
    assert more.content.decode().count("<tr>") == 6 and "b:004" in more.content.decode()


def test_an_empty_list_says_what_will_come(ana: Membership, login: Login) -> None:
    client = login(ana)
    assert "Nenhum processo ainda" in client.get(reverse("processes:list")).content.decode()
    assert "Nenhum processo com estes filtros." in client.get(f"{reverse('processes:list')}?q=x").content.decode()


def test_fragments_for_htmx(acme: Organization, ana: Membership, login: Login, trip: SagaDefinition) -> None:
    execution, client = run(acme), login(ana)
    for url, start in (
        (reverse("processes:list"), '<div id="results"'),
        (reverse("processes:process", args=[execution.pk]), '<div id="story"'),
    ):
        html = client.get(url, headers={"HX-Request": "true"}).content.decode().strip()
        assert html.startswith(start)


def test_a_service_that_rests_is_named_to_its_own_organization_only(
    acme: Organization, ana: Membership, carla: Membership, login: Login
) -> None:
    breaker = breaker_of("stripe", acme.pk, failures=1, ratio=0.1)
    with pytest.raises(RuntimeError), breaker.guard():
        raise RuntimeError
    assert "Stripe não está respondendo." in login(ana).get(reverse("processes:list")).content.decode()
    assert "Stripe" not in login(carla).get(reverse("processes:list")).content.decode()


def test_others_see_nothing(
    acme: Organization, bruno: Membership, vera: Membership, carla: Membership, login: Login, trip: SagaDefinition
) -> None:
    execution = run(acme)
    url, undo, retry = (reverse(f"processes:{name}", args=[execution.pk]) for name in ("process", "undo", "retry"))
    for who in (bruno, vera):
        client = login(who)
        assert client.get(reverse("processes:list")).status_code == 403
        assert {client.get(url).status_code, client.post(undo).status_code, client.post(retry).status_code} == {403}
    stranger = login(carla)
    assert {stranger.get(url).status_code, stranger.post(undo).status_code, stranger.post(retry).status_code} == {404}
    assert stranger.get(reverse("processes:process", args=[uuid7()])).status_code == 404
    assert "booking:1" not in stranger.get(reverse("processes:list")).content.decode()
    assert Client().get(url).status_code == 302
    execution.refresh_from_db()
    assert execution.state == SagaState.SUCCEEDED


def test_wrong_methods(acme: Organization, ana: Membership, login: Login, trip: SagaDefinition) -> None:
    execution, client = run(acme), login(ana)
    assert client.get(reverse("processes:undo", args=[execution.pk])).status_code == 405
    assert client.get(reverse("processes:retry", args=[execution.pk])).status_code == 405
    assert client.post(reverse("processes:process", args=[execution.pk])).status_code == 405


def test_a_saga_that_this_version_does_not_know_is_still_told(
    acme: Organization, ana: Membership, login: Login
) -> None:
    with activate_organization(acme.pk):
        row = SagaExecution.objects.create(
            saga_id="old:1", definition="forgotten", step_names=["one"], context={}, created_at=now()
        )
    html = page_of(login(ana), row)
    assert "forgotten" in html and "Refazer" not in html


def test_the_menu_leads_there_for_who_may(ana: Membership, bruno: Membership, login: Login) -> None:
    url = reverse("processes:list")
    assert url in login(ana).get(reverse("reports:dashboard")).content.decode()
    assert url not in login(bruno).get(reverse("reports:dashboard")).content.decode()


def test_staff_see_the_journal_without_what_people_wrote(
    acme: Organization, davi: User, login: Login, trip: SagaDefinition, world: World
) -> None:
    world.fail("calendar", PermanentStepError("lotada"))
    execution, client = run(acme), login(davi)
    listed = client.get(reverse("admin:sagas_sagaexecution_changelist"))
    assert listed.status_code == 200 and "booking:1" in listed.content.decode()
    html = client.get(reverse("admin:sagas_sagaexecution_change", args=[execution.pk])).content.decode()
    assert "invoice-1" in html and "lotada" in html
    assert "Maria Segredo" not in html and "•••" in html


def test_staff_let_stuck_ones_go_on(
    acme: Organization, davi: User, login: Login, trip: SagaDefinition, world: World
) -> None:
    world.fail("calendar", PermanentStepError("lotada"))
    failed = run(acme)
    run(acme, "booking:2")
    client = login(davi)
    client.post(
        reverse("admin:sagas_sagaexecution_changelist"),
        {"action": "try_again", "_selected_action": [str(row.pk) for row in SagaExecution.unscoped.all()]},
    )
    drain()
    failed.refresh_from_db()
    assert failed.state == SagaState.SUCCEEDED
    assert world.calls.count("invoice") == 3
