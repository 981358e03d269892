"""Messenger and Instagram: how people are called, and what a person may still answer after a day."""

from typing import Any

import orjson
import pytest

from gateways.calls import FailureKind, HttpReply, TransportFailure
from gateways.contract import Outcome, OutgoingMessage, Profile
from gateways.providers.pages.adapter import InstagramAdapter, MessengerAdapter, PageAdapter
from gateways.providers.pages.config import PageConfig
from tests.gateways.providers.payloads import fixture, play

ADAPTERS: list[PageAdapter] = [MessengerAdapter(), InstagramAdapter()]
each = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.code)


def reply(body: Any, status: int = 200) -> HttpReply:
    return HttpReply(status, orjson.dumps(body))


def failure() -> TransportFailure:
    return TransportFailure(FailureKind.NOT_SENT, "refused")


def config(adapter: PageAdapter) -> PageConfig:
    return PageConfig.model_validate(fixture(adapter.code)["config"])


def message(adapter: PageAdapter, **values: Any) -> OutgoingMessage:
    return OutgoingMessage("", "Oi", chat_id=f"{config(adapter).account_id}:245", **values)


@each
def test_a_person_s_late_answer_says_that_it_is_one(adapter: PageAdapter) -> None:
    result, [call] = play(adapter.send(config(adapter), message(adapter, by_hand=True)), reply({"message_id": "m1"}))
    assert result.outcome is Outcome.SENT
    assert (call.json["messaging_type"], call.json["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
    _result, [call] = play(adapter.send(config(adapter), message(adapter)), reply({"message_id": "m1"}))
    assert "tag" not in call.json and call.json.get("messaging_type", "RESPONSE") == "RESPONSE"


@each
@pytest.mark.parametrize(("by_hand", "outcome"), [(True, Outcome.REFUSED), (False, Outcome.CHANNEL_DOWN)])
def test_without_the_leave_for_it_the_message_fails_and_not_the_page(
    adapter: PageAdapter, by_hand: bool, outcome: Outcome
) -> None:
    refusal = reply({"error": {"code": 10, "message": "requires human agent"}}, 403)
    result, _calls = play(adapter.send(config(adapter), message(adapter, by_hand=by_hand)), refusal)
    assert result.outcome is outcome
    assert result.code == ("human_agent" if by_hand else "permission")


@pytest.mark.parametrize(
    ("adapter", "answer", "name"),
    [
        (ADAPTERS[0], {"first_name": "Paula", "last_name": "Souza", "id": "245"}, "Paula Souza"),
        (ADAPTERS[0], {"first_name": "Paula"}, "Paula"),
        (ADAPTERS[1], {"name": "Paula Souza", "username": "paulinha"}, "Paula Souza"),
        (ADAPTERS[1], {"name": "", "username": "paulinha"}, "paulinha"),
        (ADAPTERS[1], {"name": 7}, ""),
    ],
    ids=["messenger", "first name", "instagram", "user name", "nonsense"],
)
def test_a_person_s_name_is_read(adapter: PageAdapter, answer: dict[str, Any], name: str) -> None:
    found, [call] = play(adapter.profile(config(adapter), "330:245"), reply(answer))
    assert found == Profile(name)
    assert call.url.partition("?")[0].endswith("/v23.0/245")


@each
def test_a_name_that_is_not_told_says_why(adapter: PageAdapter) -> None:
    refusal = reply({"error": {"code": 200, "message": "needs permission"}}, 403)
    assert play(adapter.profile(config(adapter), "330:245"), refusal)[0].problem == "permission: needs permission"
    assert play(adapter.profile(config(adapter), "330:245"), failure())[0].problem.startswith("unreachable")
