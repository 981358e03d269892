import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization
from billing.charges.checkout import open_checkout, public_url
from billing.charges.confirming import confirm_by_hand, record_refund_by_hand
from billing.models import Charge, ChargeState
from billing.views.pay import VIEWS
from core.clock import now
from core.ratelimit import take
from tests.billing.charging import again, card_charge, pix_charge
from tests.support.fake_stripe import FakeStripe
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


def page(charge: Charge, query: str = "", **headers: str) -> str:
    answer = Client().get(reverse("billing:pay", args=[charge.public_token]) + query, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_pix_is_shown_to_scan_and_to_copy(in_acme: Organization) -> None:
    charge = pix_charge()
    text = page(charge)
    assert charge.pix_code in text and 'class="qr"' in text and 'data-copy="pix-code"' in text
    assert "R$ 49,90" in text and "Acme" in text and "Avaliação" in text


def test_nothing_of_the_payer_is_shown(in_acme: Organization) -> None:
    text = page(pix_charge())
    for private in ("Bia", "99999", 'example.com"', "529.982", "52998224725"):
        assert private not in text


def test_card_is_paid_at_stripe_by_a_plain_link(in_acme: Organization, stripe_server: FakeStripe) -> None:
    charge = card_charge()
    address = reverse("billing:pay-stripe", args=[charge.public_token])
    assert f'href="{address}"' in page(charge)
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer.headers["Location"] == next(iter(stripe_server.sessions.values()))["url"]


def test_stripe_being_down_is_said_in_words(in_acme: Organization, stripe_server: FakeStripe) -> None:
    charge = card_charge()
    stripe_server.faults = ["503"]
    answer = Client().get(reverse("billing:pay-stripe", args=[charge.public_token]))
    assert (
        answer.status_code == 502 and "Stripe" in answer.content.decode() and 'role="alert"' in answer.content.decode()
    )


def test_whoever_comes_back_from_stripe_makes_us_look(in_acme: Organization, stripe_server: FakeStripe) -> None:
    charge = card_charge()
    open_checkout(charge.pk)
    stripe_server.pay(again(charge).session_id or "")
    assert "confirmando" in page(charge, "?pago=1")
    drain()
    assert again(charge).state == ChargeState.PAID
    assert "Pago" in page(charge)


def test_each_state_has_its_words_and_no_way_to_pay(in_acme: Organization, ana: Membership) -> None:
    charge = pix_charge()
    confirm_by_hand(charge.pk, actor=ana)
    assert "Pago." in page(charge)
    record_refund_by_hand(charge.pk, actor=ana)
    assert "devolvido" in page(charge)
    for state, words in (("cancelled", "retirou"), ("expired", "passou")):
        other = pix_charge()
        Charge.objects.filter(pk=other.pk).update(state=state)
        text = page(other)
        assert words in text and other.pix_code not in text and "hx-trigger" not in text


def test_a_charge_past_its_day_is_not_offered_before_the_sweep_either(in_acme: Organization) -> None:
    charge = pix_charge()
    Charge.objects.filter(pk=charge.pk).update(expires_at=now() - timedelta(seconds=1))
    text = page(charge)
    assert "passou" in text and charge.pix_code not in text


def test_the_page_refreshes_its_own_part(in_acme: Organization) -> None:
    text = page(pix_charge(), **{"HX-Request": "true", "HX-Target": "charge"})
    assert text.lstrip().startswith('<div class="stack" id="charge"') and "<html" not in text


def test_the_page_is_private(in_acme: Organization) -> None:
    headers = Client().get(reverse("billing:pay", args=[pix_charge().public_token])).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]


@pytest.mark.parametrize("name", ["pay", "pay-stripe"])
def test_unknown_links_are_not_found_and_nothing_can_be_posted(in_acme: Organization, name: str) -> None:
    assert Client().get(reverse(f"billing:{name}", args=["x" * 32])).status_code == 404
    assert Client().post(reverse(f"billing:{name}", args=["x" * 32])).status_code == 405


def test_guessing_is_slow(in_acme: Organization) -> None:
    assert take("pay", "127.0.0.1", limit=VIEWS, period=60, wanted=VIEWS - 1).granted == VIEWS - 1
    codes = [Client().get(reverse("billing:pay", args=[f"guess-{number}"])).status_code for number in range(2)]
    assert codes == [404, 429]


def test_the_page_speaks_the_language_of_the_business(in_acme: Organization) -> None:
    Organization.objects.update(language="en")
    assert re.search(r"Copy the Pix code", page(pix_charge()))


def test_people_get_the_address_of_our_own_page(in_acme: Organization, settings: object) -> None:
    charge = pix_charge()
    assert public_url(charge).endswith(f"/pagar/{charge.public_token}/")


# ---- Settings


Login = Callable[..., Client]


def test_only_administrators_see_how_the_business_gets_paid(ana: Membership, bruno: Membership, login: Login) -> None:
    address = reverse("billing:payments")
    assert login(ana).get(address).status_code == 200
    assert login(bruno).get(address).status_code == 403
    assert Client().get(address).status_code == 302
    for name in ("pix-save", "stripe-save", "stripe-test", "stripe-remove"):
        assert login(bruno).post(reverse(f"billing:{name}")).status_code == 403
        assert login(ana).get(reverse(f"billing:{name}")).status_code == 405


def test_keys_are_written_and_never_shown(ana: Membership, login: Login, stripe_server: FakeStripe) -> None:
    client = login(ana)
    sent = {"secret_key": stripe_server.key, "hook_secret": "whsec_" + "k" * 32, "stripe_pix": "on"}
    assert client.post(reverse("billing:stripe-save"), sent).status_code == 302
    text = client.get(reverse("billing:payments")).content.decode()
    assert stripe_server.key not in text and "whsec_kkk" not in text and f"…{stripe_server.key[-4:]}" in text
    assert "Acme" in text and "/avisos/stripe/" in text


def test_pix_by_stripe_is_turned_on_only_where_the_account_has_it(
    ana: Membership, login: Login, stripe_server: FakeStripe
) -> None:
    stripe_server.has_pix = False
    answer = login(ana).post(
        reverse("billing:stripe-save"), {"secret_key": stripe_server.key, "stripe_pix": "on"}, follow=True
    )
    assert "ainda não tem Pix" in answer.content.decode()
    assert 'name="stripe_pix" id="id_stripe_pix" checked' not in answer.content.decode()


@pytest.mark.parametrize(
    "sent", [{"secret_key": "pk_live_0123456789abc"}, {"secret_key": "sk_live_ção"}, {"hook_secret": "abc"}]
)
def test_what_cannot_be_a_key_is_not_kept(ana: Membership, login: Login, sent: dict[str, str]) -> None:
    answer = login(ana).post(reverse("billing:stripe-save"), sent)
    assert answer.status_code == 422 and "…" not in re.findall(r'class="code">(.*?)<', answer.content.decode())


def test_a_wrong_key_is_said(ana: Membership, login: Login, stripe_server: FakeStripe) -> None:
    answer = login(ana).post(reverse("billing:stripe-save"), {"secret_key": "sk_test_wrong12345"}, follow=True)
    assert "não aceita a chave" in answer.content.decode()


def test_pix_is_set_up_with_a_key_that_is_one(ana: Membership, login: Login) -> None:
    client, address = login(ana), reverse("billing:pix-save")
    wrong = client.post(address, {"key": "abc", "name": "Acme", "city": "Campinas"})
    assert wrong.status_code == 422 and 'value="abc"' not in wrong.content.decode()
    assert client.post(address, {"key": "", "name": "Acme", "city": "Campinas"}).status_code == 422
    assert client.post(address, {"key": "Ana@Example.com", "name": "Acme", "city": "Campinas"}).status_code == 302
    assert client.post(address, {"key": "", "name": "Acme Ltda", "city": "Itu"}).status_code == 302
    text = client.get(reverse("billing:payments")).content.decode()
    assert "ana@example.com" not in text and "….com" in text and 'value="Itu"' in text


def test_an_eleven_digit_key_is_what_its_kind_says(ana: Membership, login: Login) -> None:
    answer = login(ana).post(
        reverse("billing:pix-save"), {"key": "52998224724", "kind": "cpf", "name": "Acme", "city": "Itu"}
    )
    assert answer.status_code == 422


def test_stripe_can_be_disconnected(ana: Membership, login: Login, stripe_server: FakeStripe) -> None:
    client = login(ana)
    client.post(reverse("billing:stripe-save"), {"secret_key": stripe_server.key})
    client.post(reverse("billing:stripe-remove"))
    answer = client.post(reverse("billing:stripe-test"), follow=True)
    assert "ainda não está conectado" in answer.content.decode()
