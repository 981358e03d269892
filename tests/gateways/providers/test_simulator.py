import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from gateways.calls import FailureKind, HttpReply, TransportFailure
from gateways.contract import DeliveryUpdate, InboundMessage, Outcome, OutgoingMessage
from gateways.providers.simulator.adapter import SimulatorAdapter
from gateways.providers.simulator.brain import Action, react, virtual_contact
from gateways.providers.simulator.config import SimulatorConfig
from gateways.providers.simulator.personas import USUAL_MIX
from sdr.contract import BusinessProfile, ChatMessage, Service
from sdr.engine.local import LocalModel
from sdr.optout import opt_out_level
from sdr.scoring import score
from tests.gateways.providers.payloads import play

SERVICES = ["Clareamento", "Limpeza de pele", "Botox"]
PHONES = [f"+551198{number:07d}" for number in range(60)]


def _config(**more: Any) -> SimulatorConfig:
    return SimulatorConfig(**{"services": SERVICES, "city": "Campinas", **more})


def _react(config: SimulatorConfig, phone: str, text: str = "Oi! Podemos ajudar?", turn: int = 0) -> list[Action]:
    return react(config, phone=phone, external_id=f"sim-{turn}", text=text, turn=turn)


def _states(actions: list[Action]) -> list[str]:
    return [action.body["state"] for action in actions if action.body["type"] == "ack"]


def _lines(actions: list[Action]) -> list[dict[str, Any]]:
    return [action.body for action in actions if action.body["type"] == "message"]


def test_the_same_seed_makes_the_same_people_and_the_same_words() -> None:
    first, again = ([_react(_config(seed=3), phone) for phone in PHONES] for _ in range(2))
    assert first == again
    assert first != [_react(_config(seed=4), phone) for phone in PHONES]


def test_everybody_does_things_in_order() -> None:
    config = _config()
    for phone in PHONES:
        for turn in range(4):
            actions = _react(config, phone, "Qual é o seu nome?", turn)
            delays = [action.delay_seconds for action in actions]
            assert delays == sorted(delays) and delays[0] > 0
            ids = [(action.body["id"], action.body.get("state")) for action in actions]
            assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("persona", list(USUAL_MIX))
def test_the_mix_can_be_one_persona(persona: str) -> None:
    config = _config(mix={persona: 100})
    assert {virtual_contact(config, phone, 0).persona for phone in PHONES} == {persona}


def test_the_usual_mix_has_all_of_them() -> None:
    phones = [f"+551197{number:07d}" for number in range(2000)]
    found = Counter(virtual_contact(_config(), phone, 0).persona for phone in phones)
    assert set(found) == set(USUAL_MIX)
    assert sum(USUAL_MIX.values()) == 100
    for persona, weight in USUAL_MIX.items():
        assert abs(found[persona] / 20 - weight) < 4, persona


@pytest.mark.parametrize("mix", [{"rude": 100}, {"hot": 0}, {"hot": -1, "cold": 2}])
def test_a_mix_that_cannot_be_is_refused(mix: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        _config(mix=mix)


def test_a_message_is_sent_delivered_and_read() -> None:
    assert all(_states(_react(_config(mix={"hot": 1}), phone)) == ["sent", "delivered", "read"] for phone in PHONES)


def test_a_failing_phone_reports_it() -> None:
    assert _states(_react(_config(mix={"failing": 1}), PHONES[0])) == ["sent", "failed"]


def test_the_silent_answer_nothing_and_often_do_not_read() -> None:
    seen = [_react(_config(mix={"silent": 1}), phone) for phone in PHONES]
    assert not any(_lines(actions) for actions in seen)
    assert {len(_states(actions)) for actions in seen} == {2, 3}


def test_the_vanishing_answer_twice_and_then_never_again() -> None:
    config = _config(mix={"vanishing": 1})
    for turn, speaks in ((0, True), (1, True), (2, False), (5, False)):
        assert bool(_lines(_react(config, PHONES[0], "Qual é o seu nome?", turn))) is speaks


def test_the_talkative_write_in_bursts_that_come_quickly() -> None:
    actions = [
        action for action in _react(_config(mix={"talkative": 1}), PHONES[0]) if action.body["type"] == "message"
    ]
    gaps = [later.delay_seconds - earlier.delay_seconds for earlier, later in itertools.pairwise(actions)]
    assert len(actions) >= 3
    assert all(gap < 4 for gap in gaps)
    assert all(action.body["text"].strip() for action in actions)


def test_some_send_voices() -> None:
    kinds = [line.get("kind", "text") for line in _lines(_react(_config(mix={"voice": 1}), PHONES[0]))]
    assert kinds == ["audio", "text"]


def test_who_opts_out_says_it_so_that_it_is_understood_and_then_is_quiet() -> None:
    config = _config(mix={"opt_out": 1})
    for phone in PHONES:
        assert opt_out_level(_lines(_react(config, phone))[0]["text"]) == "clear"
        assert not _lines(_react(config, phone, "Tem certeza?", 1))


def test_without_replies_everything_is_only_received() -> None:
    assert not any(_lines(_react(_config(replies=False), phone)) for phone in PHONES)
    assert all(_states(_react(_config(replies=False, mix={"failing": 1}), phone))[-1] == "read" for phone in PHONES)


def _talk(persona: str, phone: str) -> str:
    """Let the local SDR talk with a virtual contact; return the temperature that it ends with."""
    profile = BusinessProfile("Clínica Bela", "estética", tuple(Service(name, 20_000) for name in SERVICES), "Campinas")
    config, model, facts = _config(mix={persona: 1}), LocalModel(), {}
    at = datetime(2026, 11, 18, 14, tzinfo=UTC)
    history = [ChatMessage("c0", "campaign", "Oi! Temos horários esta semana.", at)]
    for turn in range(9):
        for number, line in enumerate(_lines(_react(config, phone, history[-1].text, turn))):
            history.append(ChatMessage(f"m{turn}-{number}", "customer", line["text"], at + timedelta(minutes=turn)))
        if history[-1].author != "customer":
            break
        result = model.answer(profile, history, facts, at)
        facts = dict(result.facts)
        if not result.reply:
            break
        history.append(ChatMessage(f"b{turn}", "bot", result.reply, at))
    return score(facts, history).temperature


@pytest.mark.parametrize(
    ("persona", "wanted"),
    [
        ("hot", {"quente"}),
        ("talkative", {"quente"}),
        ("warm", {"morno", "quente"}),
        ("price", {"morno", "quente"}),
        ("cold", {"frio", "morno"}),
    ],
)
def test_the_local_sdr_finds_out_who_is_hot(persona: str, wanted: set[str]) -> None:
    found = Counter(_talk(persona, phone) for phone in PHONES)
    assert sum(found[temperature] for temperature in wanted) >= 0.9 * len(PHONES), found


def test_a_send_asks_the_simulators_own_server() -> None:
    adapter, config = SimulatorAdapter(), _config()
    result, calls = play(adapter.send(config, OutgoingMessage(PHONES[0], "Olá")), HttpReply(201, b'{"id": "sim-9"}'))
    assert (calls[0].url, calls[0].json["phone"], calls[0].effectful) == ("simulator://send", PHONES[0], True)
    assert (result.outcome, result.external_id) == (Outcome.SENT, "sim-9")


def test_checks_and_health_need_no_network() -> None:
    adapter, config = SimulatorAdapter(), _config()
    assert play(adapter.check_number(config, PHONES[0]), HttpReply(200, b"{}"))[0].exists is True
    assert play(adapter.check_number(config, PHONES[0]), HttpReply(404, b"{}"))[0].exists is False
    assert play(adapter.connect(config, "https://x/"), HttpReply(200, b"{}"))[0].state == "connected"
    assert play(adapter.disconnect(config), HttpReply(200, b"{}"))[0].state == "disconnected"


def test_an_answer_that_got_lost_is_unknown() -> None:
    lost = TransportFailure(FailureKind.MAYBE_SENT, "reset")
    assert (
        play(SimulatorAdapter().send(_config(), OutgoingMessage(PHONES[0], "Olá")), lost)[0].outcome is Outcome.UNKNOWN
    )


def test_what_they_write_is_parsed_as_any_webhook() -> None:
    adapter, config = SimulatorAdapter(), _config(mix={"voice": 1})
    bodies = [orjson.dumps({**action.body, "at": "2026-11-18T14:00:00+00:00"}) for action in _react(config, PHONES[0])]
    items = [item for body in bodies for item in adapter.parse(config, body)]
    assert [item.state for item in items if isinstance(item, DeliveryUpdate)] == ["sent", "delivered", "read"]
    messages = [item for item in items if isinstance(item, InboundMessage)]
    assert [(item.kind, item.phone) for item in messages] == [("audio", PHONES[0]), ("text", PHONES[0])]
    assert messages[0].media is not None and messages[1].text
