"""The rows of an audience: as the preview said, letter by letter, and by a handful of statements."""

from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Recipient, RecipientState, SkipReason
from campaigns.provenance.links import origin_url
from campaigns.services import freezing, lifecycle
from campaigns.services.audience import render_for
from campaigns.services.drafts import VariantDraft
from leads.models import Contact

pytestmark = pytest.mark.django_db
ODD = ["\\N", "a\tb", "Zé\nda Silva", "C:\\new\r\n", "{nome}", "'\"; DROP", "\\.", "João 😀", ""]
BODY = "[Oi|Olá|E aí], {nome|tudo bem}!\nTem {servico|algo} em {cidade}\\{hoje\\}? \\ {por_que_recebi}"


def test_each_text_is_that_of_the_preview(in_acme: Organization, make_list: Any, make_campaign: Any) -> None:
    chosen = make_list(len(ODD))
    for contact, odd in zip(Contact.objects.order_by("pk"), ODD, strict=True):
        Contact.objects.filter(pk=contact.pk).update(name=odd, attributes={"servico": odd, "idade": 3}, city=odd[:5])
    campaign = lifecycle.start(make_campaign(lists=[chosen], body=BODY))
    rows = list(Recipient.objects.filter(campaign=campaign).select_related("contact"))
    assert len(rows) == len(ODD)
    for row in rows:
        assert row.body == render_for(BODY, row.contact, campaign.pk, link=origin_url(row.pk))
        assert row.phone == row.contact.phone and row.state == RecipientState.QUEUED and not row.skip_reason


def test_the_ids_are_those_of_the_moment_and_each_is_new(
    in_acme: Organization, make_campaign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = lifecycle.start(make_campaign(40))
    ids = list(Recipient.objects.filter(campaign=campaign).values_list("pk", flat=True))
    assert len(set(ids)) == 40
    assert {one.version for one in ids} == {7} and {one.variant for one in ids} == {"specified in RFC 4122"}
    assert abs((ids[0].int >> 80) / 1_000 - campaign.started_at.timestamp()) < 3_600  # type: ignore[union-attr]


def test_batches_and_pieces_leave_nobody_out(
    in_acme: Organization, make_campaign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "BATCH", 7)
    monkeypatch.setattr(freezing, "PIECE", 3)
    campaign = lifecycle.start(
        make_campaign(25, variants=[VariantDraft("Oi!", weight=3), VariantDraft("Olá, {nome}!")])
    )
    positions = Recipient.objects.filter(campaign=campaign).order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(1, 26)) and campaign.total == 25


def test_a_text_that_would_be_empty_is_left_out_and_not_counted(
    in_acme: Organization, make_list: Any, make_campaign: Any
) -> None:
    chosen = make_list(3)
    first = Contact.objects.order_by("pk")[0]
    Contact.objects.filter(pk=first.pk).update(name="")
    campaign = lifecycle.start(make_campaign(lists=[chosen], body="{nome}"))
    assert campaign.total == 2
    assert Recipient.objects.get(contact=first).skip_reason == SkipReason.EMPTY


def test_an_audience_of_thousands_takes_a_handful_of_statements(
    in_acme: Organization, make_list: Any, make_campaign: Any, django_assert_max_num_queries: Any
) -> None:
    campaign = make_campaign(lists=[make_list(1500)])
    with django_assert_max_num_queries(20):
        freezing.build(campaign)
    assert Recipient.objects.count() == 1500
