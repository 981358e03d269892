"""The same thing happening on any network is the same thing to us (O-09): one scene, one result, whoever told it."""

import dataclasses
from collections import defaultdict
from typing import Any

import pytest

from gateways.contract import ConnectionUpdate, DeliveryUpdate, InboundMessage, MessageChange, Parsed
from gateways.registry import ADAPTERS, get_adapter
from tests.gateways.providers.payloads import TYPES, body_of, cases, fixture, label

WHATSAPP = {"waha", "evolution", "mega", "cloud"}
FOR_ALL = {"a text", "a photo with a caption", "a voice note", "a reaction"}
# What no two networks could share: their own ids and addresses, and words for a reason.
OWN = {"external_id", "chat_id", "identities", "reply_to", "reason", "error", "error_code", "at", "source"}


def scenes() -> dict[str, list[tuple[str, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for code, case in cases("hooks"):
        if "scene" in case:
            found[case["scene"]].append((code, case))
    return found


SCENES = scenes()


def meaning(code: str, item: Parsed) -> dict[str, Any]:
    """Return what a thing means, without what is a network's own way to say it."""
    values = {name: value for name, value in dataclasses.asdict(item).items() if name not in OWN}
    if isinstance(item, InboundMessage):
        values["replies"] = bool(item.reply_to)
        values["media"] = item.media.mimetype.split("/")[0] if item.media else None
        # The networks of a page name nobody, and a file has no name there.
        values["name"] = values["name"] if code not in {"messenger", "instagram"} and not item.from_me else "Maria"
    if code not in WHATSAPP:
        values.pop("phone", None)
    return {"type": TYPES[type(item)], **values}


@pytest.mark.parametrize("scene", SCENES)
def test_one_scene_means_the_same_on_every_whatsapp(scene: str) -> None:
    told = {
        code: [meaning(code, item) for item in _read(code, case)] for code, case in SCENES[scene] if code in WHATSAPP
    }
    first = next(iter(told.values()), None)
    assert all(found == first for found in told.values()), told


@pytest.mark.parametrize("scene", SCENES)
def test_one_scene_means_the_same_on_every_network(scene: str) -> None:
    told = {code: [meaning(code, item) for item in _read(code, case)] for code, case in SCENES[scene]}
    for found in told.values():
        for item in found:
            item.pop("phone", None)
    first = next(iter(told.values()))
    assert all(found == first for found in told.values()), told


@pytest.mark.parametrize(("code", "case"), [pair for pairs in SCENES.values() for pair in pairs], ids=label)
def test_whatsapp_knows_people_by_the_same_addresses_whoever_tells(code: str, case: dict[str, Any]) -> None:
    for item in _read(code, case):
        if isinstance(item, InboundMessage) and code in WHATSAPP:
            assert {kind for kind, _value in item.identities} <= {"whatsapp", "lid", "bsuid"}
            assert all(value.endswith(("@c.us", "@lid")) for kind, value in item.identities if kind != "bsuid")
        assert isinstance(item, InboundMessage | DeliveryUpdate | MessageChange | ConnectionUpdate)


def test_every_network_plays_the_main_scenes() -> None:
    real = set(ADAPTERS) - {"simulator"}
    for scene in FOR_ALL:
        missing = real - {code for code, _case in SCENES[scene]}
        assert not missing, (scene, missing)
    assert len(SCENES) > 15


def test_an_old_answer_and_a_new_one_find_the_same_person() -> None:
    phones = {item.phone for code, case in SCENES["an old id of eight digits"] for item in _read(code, case)}  # type: ignore[union-attr]
    assert phones == {"+5531988887777"}


def _read(code: str, case: dict[str, Any]) -> list[Parsed]:
    adapter = get_adapter(code)
    return adapter.parse(adapter.config_model.model_validate(fixture(code)["config"]), body_of(case))
