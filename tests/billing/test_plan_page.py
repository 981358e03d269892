from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from accounts.models import AuditEntry, Membership
from billing.models import Plan
from core.tenancy import activate_organization
from sagas.models import OutboxDelivery
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
PAGE = "/configuracoes/plano/"


def test_the_plan_and_its_use_are_shown(ana: Membership, login: Any) -> None:
    Plan.objects.update(daily_messages=200)
    html = login(ana).get(PAGE).content.decode()
    assert "Basic" in html and "Pro" in html
    assert "<progress" in html


def test_who_does_not_manage_sees_nothing_of_it(bruno: Membership, login: Any) -> None:
    assert login(bruno).get(PAGE).status_code == 403
    assert login(bruno).post(f"{PAGE}pedir/", {"plan": "pro"}).status_code == 403


def test_another_plan_is_asked_of_the_staff(
    ana: Membership, davi: Any, login: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert login(ana).post(f"{PAGE}pedir/", {"plan": "pro"}).status_code == 302
    with activate_organization(ana.organization_id):
        drain()
        assert AuditEntry.objects.get(action="plan.asked").data == {"plan": "pro"}
    (letter,) = mail.outbox
    assert letter.reply_to == [ana.user.email]


def test_a_mail_server_that_is_away_loses_no_request(
    ana: Membership, davi: Any, login: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*_args: Any, **_values: Any) -> int:
        raise OSError("no mail server")

    monkeypatch.setattr(EmailMessage, "send", away)
    with django_capture_on_commit_callbacks(execute=True):
        assert login(ana).post(f"{PAGE}pedir/", {"plan": "pro"}).status_code == 302
    with activate_organization(ana.organization_id):
        drain()
    waiting = OutboxDelivery.objects.get()
    assert (waiting.subscriber.rpartition(".")[2], waiting.attempts) == ("mail_the_request", 1)
    assert waiting.state == "pending"


def test_a_plan_that_is_not_on_sale_cannot_be_asked_for(ana: Membership, login: Any) -> None:
    login(ana).post(f"{PAGE}pedir/", {"plan": "enterprise"})
    with activate_organization(ana.organization_id):
        assert not AuditEntry.objects.filter(action="plan.asked").exists()
