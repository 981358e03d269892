"""What providers said of phones is kept per number."""

import pytest

from gateways import number_checks
from gateways.models import Channel, NumberCheck
from tests.gateways.conftest import MakeChannel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def test_a_chat_id_is_remembered_for_its_number(channel: Channel, make_channel: MakeChannel) -> None:
    number_checks.remember(channel.pk, {"+5531988887777": "553188887777@c.us", "+5511999990000": None})
    phones = ["+5531988887777", "+5511999990000", "+5511900000000"]
    assert number_checks.chat_ids(channel.pk, phones) == {"+5531988887777": "553188887777@c.us"}
    assert number_checks.chat_ids(make_channel().pk, phones) == {}


def test_the_last_answer_holds(channel: Channel) -> None:
    number_checks.remember(channel.pk, {"+5531988887777": None})
    number_checks.remember(channel.pk, {"+5531988887777": "553188887777@c.us"})
    assert number_checks.chat_ids(channel.pk, ["+5531988887777"]) == {"+5531988887777": "553188887777@c.us"}
    number_checks.remember(channel.pk, {"+5531988887777": None})
    assert number_checks.chat_ids(channel.pk, ["+5531988887777"]) == {}
    assert NumberCheck.objects.count() == 1


def test_nothing_learnt_writes_nothing(channel: Channel) -> None:
    number_checks.remember(channel.pk, {})
    assert not NumberCheck.objects.exists()
