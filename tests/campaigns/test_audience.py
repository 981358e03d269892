from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Recipient, SkipReason
from campaigns.services import audience, lifecycle
from campaigns.services.freezing import build
from campaigns.services.lifecycle import VariantDraft
from conversations.models import Conversation
from core.clock import now
from core.tenancy import activate_organization
from leads.models import ListMembership

pytestmark = pytest.mark.django_db


def frozen(campaign: Any) -> list[tuple[str, str, str]]:
    rows = Recipient.objects.filter(campaign=campaign).order_by("position")
    return list(rows.values_list("contact__name", "state", "skip_reason"))


@pytest.fixture
def mixed(in_acme: Organization, make_contact: Any, make_list: Any) -> Any:
    """A list with one contact of each kind."""
    contacts = [
        make_contact(1, "Recebe"),
        make_contact(2, "Pediu para sair", opted_out_at=now()),
        make_contact(3, "Status zero", status=0),
        make_contact(4, "Sem telefone", phone=""),
        make_contact(5, "Apagada", anonymised_at=now()),
        make_contact(6, "Linha com status zero"),
    ]
    contact_list = make_list(contacts=contacts)
    ListMembership.objects.filter(contact=contacts[5]).update(status=0)
    return contact_list


def test_the_preview_counts_who_receives_and_who_not_and_why(mixed: Any) -> None:
    counts = audience.preview_audience([mixed.pk])
    assert (counts.total, counts.receives, counts.duplicates) == (6, 1, 0)
    assert counts.left_out == {
        SkipReason.OPTED_OUT: 1, SkipReason.STATUS: 2, SkipReason.NO_PHONE: 1, SkipReason.ANONYMISED: 1,
    }  # fmt: skip


def test_the_frozen_rows_are_what_the_preview_said(mixed: Any, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(lists=[mixed]))
    assert frozen(campaign) == [
        ("Recebe", "queued", ""),
        ("Pediu para sair", "skipped", "opted_out"),
        ("Status zero", "skipped", "status"),
        ("Sem telefone", "skipped", "no_phone"),
        ("Apagada", "skipped", "anonymised"),
        ("Linha com status zero", "skipped", "status"),
    ]
    assert campaign.total == 1
    assert not Recipient.objects.filter(state="skipped").exclude(body="").exists()


def test_a_contact_in_two_lists_receives_once_in_the_order_of_the_lists(
    in_acme: Organization, make_contact: Any, make_list: Any, make_campaign: Any
) -> None:
    both, first, second = make_contact(1, "Nas duas"), make_contact(2, "Primeira"), make_contact(3, "Segunda")
    one, two = make_list(contacts=[first, both]), make_list(contacts=[both, second])
    assert audience.preview_audience([two.pk, one.pk]).duplicates == 1
    campaign = lifecycle.start(make_campaign(lists=[two, one]))
    assert [row[0] for row in frozen(campaign)] == ["Nas duas", "Segunda", "Primeira"]


def test_one_wanted_place_is_enough(
    in_acme: Organization, make_contact: Any, make_list: Any, make_campaign: Any
) -> None:
    contact = make_contact(1)
    one, two = make_list(contacts=[contact]), make_list(contacts=[contact])
    ListMembership.objects.filter(contact_list=one).update(status=0)
    assert audience.preview_audience([one.pk, two.pk]).receives == 1
    assert audience.preview_audience([one.pk]).receives == 0


def test_who_left_three_campaigns_unanswered_is_left_out(
    in_acme: Organization, make_contact: Any, make_list: Any, make_campaign: Any
) -> None:
    silent, answered = make_contact(1, "Calada"), make_contact(2, "Respondeu")
    contact_list = make_list(contacts=[silent, answered])
    for _ in range(3):
        lifecycle.start(make_campaign(lists=[contact_list]))
    Recipient.objects.update(state="read", sent_at=now() - timedelta(days=2))
    answered.last_seen_at = now() - timedelta(days=1)
    answered.save()
    counts = audience.preview_audience([contact_list.pk])
    assert (counts.receives, counts.left_out) == (1, {SkipReason.UNANSWERED: 1})
    campaign = lifecycle.start(make_campaign(lists=[contact_list]))
    assert frozen(campaign) == [("Calada", "skipped", "unanswered"), ("Respondeu", "queued", "")]


def test_each_contact_gets_its_own_text(
    in_acme: Organization, make_contact: Any, make_list: Any, make_campaign: Any
) -> None:
    maria = make_contact(1, "MARIA da Silva", city="Campinas", attributes={"servico": "limpeza"})
    nobody = make_contact(2, " ")
    body = "Oi, {nome|tudo bem}! {name}: {servico|avaliação} em {cidade}. {nome_completo}"
    campaign = lifecycle.start(make_campaign(body, lists=[make_list(contacts=[maria, nobody])], body=body))
    assert list(campaign.recipients.order_by("position").values_list("body", flat=True)) == [
        "Oi, Maria! Maria: limpeza em Campinas. MARIA da Silva",
        "Oi, tudo bem!: avaliação em.",
    ]


def test_a_text_of_which_nothing_remains_is_not_sent(
    in_acme: Organization, make_contact: Any, make_list: Any, make_campaign: Any
) -> None:
    rows = [make_contact(1, "Ana"), make_contact(2, " ")]
    campaign = lifecycle.start(make_campaign(lists=[make_list(contacts=rows)], body="{nome}"))
    assert [row[1:] for row in frozen(campaign)] == [("queued", ""), ("skipped", "empty")]


def test_a_phone_in_a_whatsapp_link_wins(
    in_acme: Organization, make_contact: Any, make_list: Any, make_campaign: Any
) -> None:
    rows = [
        make_contact(1, phone="+5511988887777", whatsapp_link="https://wa.me/5521977776666"),
        make_contact(2, phone="+5511988887778", whatsapp_link="https://wa.me/5511988887778"),
        make_contact(3, phone="+5511988887779", whatsapp_link="https://example.com/"),
    ]
    campaign = lifecycle.start(make_campaign(lists=[make_list(contacts=rows)], body="Oi"))
    assert list(campaign.recipients.order_by("position").values_list("phone", flat=True)) == [
        "+5521977776666", "+5511988887778", "+5511988887779",
    ]  # fmt: skip


def test_variants_are_shared_by_weight_and_stay_with_the_contact(
    in_acme: Organization, make_list: Any, make_campaign: Any
) -> None:
    contact_list = make_list(400)
    variants = [VariantDraft("A", 1), VariantDraft("B {nome}", 3)]
    campaign = lifecycle.start(make_campaign(lists=[contact_list], variants=variants))
    rows = dict(campaign.recipients.values_list("contact_id", "variant__label"))
    share = sum(label == "B" for label in rows.values()) / len(rows)
    assert 0.68 < share < 0.82
    bodies = set(campaign.recipients.filter(variant__label="A").values_list("body", flat=True))
    assert bodies == {"A"}


def test_a_contact_who_talked_with_a_number_stays_with_it(
    in_acme: Organization, make_contact: Any, make_list: Any, make_campaign: Any, make_channel: Any
) -> None:
    first, second, removed = make_channel("Um"), make_channel("Dois"), make_channel("Velho")
    known, new, orphan = make_contact(1), make_contact(2), make_contact(3)
    for contact, channel, days in ((known, first, 9), (known, second, 1), (orphan, removed, 1)):
        Conversation.objects.create(contact=contact, channel=channel, last_message_at=now() - timedelta(days=days))
    campaign = lifecycle.start(
        make_campaign(lists=[make_list(contacts=[known, new, orphan])], channels=[first, second])
    )
    rows = campaign.recipients.order_by("position").values_list("channel_id", "pinned")
    assert list(rows) == [(second.pk, True), (None, False), (None, False)]


def test_building_again_changes_nothing(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(4))
    before = list(Recipient.objects.order_by("pk").values())
    assert build(campaign) == 4
    assert list(Recipient.objects.order_by("pk").values()) == before


def test_a_large_audience_is_frozen_by_a_job(
    in_acme: Organization, make_campaign: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(lifecycle, "BUILD_AT_ONCE", 2)
    campaign = lifecycle.start(make_campaign(3))
    assert (campaign.audience_built_at, Recipient.objects.count()) == (None, 0)
    lifecycle.build_audience(organization_id=str(in_acme.pk), campaign_id=str(campaign.pk))
    campaign.refresh_from_db()
    assert campaign.audience_built_at is not None
    assert (campaign.total, Recipient.objects.count()) == (3, 3)


def test_lists_of_another_organization_count_nobody(
    in_acme: Organization, make_list: Any, make_organization: Any
) -> None:
    with activate_organization(make_organization("Bela Flor").pk):
        foreign = make_list(3)
    assert audience.preview_audience([foreign.pk]).total == 0
