"""Official templates: written, submitted, kept as Meta has them (TPL-02)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from pydantic import ValidationError

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.breaker import CircuitOpenError
from core.clock import now
from core.live import signal
from core.tenancy import current_organization_id
from gateways import refusals
from gateways.calls import HttpCall, HttpReply, Operation, R
from gateways.contract import TemplateUpdate
from gateways.errors import TemplateError
from gateways.models import Channel, MessageTemplate, TemplateStatus
from gateways.official.texts import problems
from gateways.pool.incidents import INFO, WARNING, alert
from gateways.providers.cloud import templates as meta
from gateways.providers.cloud.config import CloudConfig
from gateways.services.states import log_event
from gateways.transport import sync

# Meta's words for a template's life; only APPROVED may be sent, and an unknown word is never taken for it.
STATUSES = {
    "APPROVED": TemplateStatus.APPROVED, "REINSTATED": TemplateStatus.APPROVED, "PENDING": TemplateStatus.PENDING,
    "IN_APPEAL": TemplateStatus.PENDING, "REJECTED": TemplateStatus.REJECTED, "LIMIT_EXCEEDED": TemplateStatus.REJECTED,
    "PAUSED": TemplateStatus.PAUSED, "FLAGGED": TemplateStatus.PAUSED, "DISABLED": TemplateStatus.DISABLED,
    "LOCKED": TemplateStatus.DISABLED, "ARCHIVED": TemplateStatus.DISABLED, "DELETED": TemplateStatus.DELETED,
    "PENDING_DELETION": TemplateStatus.DELETED,
}  # fmt: skip
TOLD = (TemplateStatus.APPROVED, TemplateStatus.REJECTED, TemplateStatus.PAUSED, TemplateStatus.DISABLED)
EDITABLE = (TemplateStatus.DRAFT, TemplateStatus.REJECTED)
TEXTS = ("category", "header", "body", "footer")


@transaction.atomic
def save_template(
    channel: Channel, values: Mapping[str, Any], *, actor: Membership | None, template: MessageTemplate | None = None
) -> MessageTemplate:
    """Write a draft, or change one; raises :class:`TemplateError` for what Meta would refuse anyway."""
    buttons, examples = list(values["buttons"]), list(values["examples"])
    found = problems(
        name=values["name"], header=values["header"], body=values["body"], footer=values["footer"], buttons=buttons,
        examples=examples,
    )  # fmt: skip
    if found:
        raise TemplateError(found[0][1], fields=(found[0][0],))
    kept = template or MessageTemplate(organization_id=current_organization_id(), channel=channel)
    if kept.status not in EDITABLE:
        raise TemplateError(_("What Meta has seen cannot be changed any more. Write a new one."))
    kept.name, kept.language = values["name"], values["language"]
    for field in TEXTS:
        setattr(kept, field, values[field])
    kept.examples, kept.buttons = examples, [{"type": "QUICK_REPLY", "text": text} for text in buttons]
    try:
        with transaction.atomic():
            kept.save()
    except IntegrityError as error:
        raise TemplateError(_("There is a template with this name and language already."), fields=("name",)) from error
    record_audit("template.saved", actor=actor, target=kept.name)
    return kept


def sync_to_meta(template: MessageTemplate, *, actor: Membership | None) -> MessageTemplate:
    """Submit a draft for review. Submitting twice at once submits once; raises :class:`TemplateError` in words."""
    config = _config(template.channel)
    taken = MessageTemplate.objects.filter(pk=template.pk, status__in=EDITABLE).update(
        status=TemplateStatus.PENDING, submitted_at=now(), reason="", provider_status=""
    )
    if not taken:
        raise TemplateError(_("This template is with Meta already."))
    rows = MessageTemplate.objects.filter(pk=template.pk)
    try:
        answer = _run(meta.create_template(config, template.as_payload()))
    except TemplateError:  # nothing of it left
        rows.update(status=TemplateStatus.DRAFT, submitted_at=None)
        raise
    if isinstance(answer, meta.Refused):
        if answer.is_certain:
            rows.update(status=TemplateStatus.DRAFT, submitted_at=None)
            raise TemplateError(
                _("Meta did not take it: %(reason)s") % {"reason": refusals.words(answer.code, answer.detail)}
            )
        # It may be there: the next look at Meta's list tells.
        raise TemplateError(_("Meta did not answer. We look in a moment whether it arrived."))
    with transaction.atomic():
        rows.update(external_id=answer.external_id)
        record_audit("template.submitted", actor=actor, target=template.name)
        template.refresh_from_db()
        _share(template)
        _decide(template, answer.status, "", answer.category)
    return template


def _share(template: MessageTemplate) -> None:
    """Let the other numbers of the account have the template too: Meta tells its decision for all of them."""
    texts = {
        field: getattr(template, field) for field in (*TEXTS, "buttons", "examples", "external_id", "submitted_at")
    }
    for number in account_of(template.channel)[1:]:
        MessageTemplate.objects.update_or_create(
            organization_id=number.organization_id, channel=number, name=template.name, language=template.language,
            defaults=texts | {"status": TemplateStatus.PENDING, "reason": "", "provider_status": ""},
        )  # fmt: skip


def delete_template(template: MessageTemplate, *, actor: Membership | None) -> None:
    """Take a template off here and at Meta."""
    if template.external_id and template.status != TemplateStatus.DELETED:
        answer = _ask(
            template.channel, lambda config: meta.delete_template(config, template.name, template.external_id)
        )
        if answer is not None:
            reason = refusals.words(answer.code, answer.detail)
            raise TemplateError(_("Meta did not delete it: %(reason)s") % {"reason": reason})
    with transaction.atomic():
        record_audit("template.deleted", actor=actor, target=template.name)
        template.delete()
        tell_pages(template.organization_id)


def refresh_templates(channel: Channel) -> int:
    """Bring the templates of a number's account to what Meta has, also those written in its panel; return how many there are.

    All numbers of the account have the same ones, so that Meta is asked once for all.
    """
    answer = _ask(channel, meta.list_templates)
    if isinstance(answer, meta.Refused):
        reason = refusals.words(answer.code, answer.detail)
        raise TemplateError(_("Meta's list could not be read: %(reason)s") % {"reason": reason})
    with transaction.atomic():
        for number in account_of(channel):
            _bring_to(number, answer)
    return len(answer)


def account_of(channel: Channel) -> list[Channel]:
    """Return the numbers of the same WhatsApp Business account, the given one first."""
    numbers = Channel.objects.filter(
        organization_id=channel.organization_id, provider=channel.provider, removed_at=None
    )
    account = channel.config.get("waba_id")
    return [
        channel,
        *(one for one in numbers.exclude(pk=channel.pk) if account and one.config.get("waba_id") == account),
    ]


def _bring_to(channel: Channel, remotes: Sequence[meta.RemoteTemplate]) -> None:
    known = {(row.name, row.language): row for row in _lock(channel)}
    for remote in remotes:
        _take(channel, known.pop((remote.name, remote.language), None), remote)
    for gone in known.values():
        _miss(gone)


def _lock(channel: Channel) -> list[MessageTemplate]:
    return list(MessageTemplate.objects.select_for_update(of=("self",)).filter(channel=channel))


def _take(channel: Channel, row: MessageTemplate | None, remote: meta.RemoteTemplate) -> None:
    if row is None:
        row = MessageTemplate(
            organization_id=channel.organization_id, channel=channel, name=remote.name, language=remote.language,
            status=TemplateStatus.PENDING,
        )  # fmt: skip
    row.external_id = remote.external_id
    if remote.body:
        row.header, row.body, row.footer = remote.header, remote.body, remote.footer
        row.buttons, row.examples, row.has_media = list(remote.buttons), list(remote.examples), remote.has_media
    row.quality = remote.quality if remote.quality not in {"", "UNKNOWN"} else row.quality
    row.save()
    _decide(row, remote.status, remote.reason, remote.category)


def _miss(row: MessageTemplate) -> None:
    """A template that Meta does not list: submitted without an answer, it never arrived; else it was deleted there."""
    if row.status == TemplateStatus.DRAFT:
        return
    if row.external_id:
        _decide(row, "DELETED", "", "")
    elif row.submitted_at and (now() - row.submitted_at).total_seconds() > 60:
        MessageTemplate.objects.filter(pk=row.pk).update(status=TemplateStatus.DRAFT, submitted_at=None)
        tell_pages(row.organization_id)


@transaction.atomic
def update_status(channel: Channel, update: TemplateUpdate) -> None:
    """Take what a webhook says of a template; one that is not known here yet comes with the next look at the list."""
    rows = MessageTemplate.objects.select_for_update(of=("self",)).filter(channel=channel)
    row = rows.filter(external_id=update.external_id).first()
    row = row or rows.filter(name=update.name, language=update.language, external_id="").first()
    if row is None:
        return
    if not row.external_id:
        MessageTemplate.objects.filter(pk=row.pk).update(external_id=update.external_id)
    if update.quality:
        MessageTemplate.objects.filter(pk=row.pk).update(quality="" if update.quality == "UNKNOWN" else update.quality)
        tell_pages(channel.organization_id)
    _decide(row, update.status, update.reason, update.category)


def _decide(row: MessageTemplate, provider_status: str, reason: str, category: str) -> None:
    """Write a decision of Meta's down and tell it; what is known already changes nothing."""
    status = STATUSES.get(provider_status.upper(), row.status) if provider_status else row.status
    category = category or row.category
    news = (
        status,
        provider_status or row.provider_status,
        category,
        reason or (row.reason if status == row.status else ""),
    )
    if news == (row.status, row.provider_status, row.category, row.reason):
        return
    has_changed = status != row.status
    # A list that is read for the first time is no news.
    is_news = has_changed and status in TOLD and bool(row.submitted_at or row.decided_at)
    row.status, row.provider_status, row.category, row.reason = status, news[1][:30], category[:20], news[3][:500]
    row.decided_at = now() if has_changed else row.decided_at
    row.save(update_fields=["status", "provider_status", "category", "reason", "decided_at", "updated_at"])
    if has_changed:
        log_event(row.channel, "template", row.name, status=status, reason=reason)
        tell_pages(row.organization_id, name=row.name, status=str(row.get_status_display()))
    if is_news:
        level = INFO if status == TemplateStatus.APPROVED else WARNING
        alert(row.channel, level, f"template_{status}", subject=str(row.pk))


def tell_pages(organization_id: UUID, **data: str) -> None:
    signal(organization_id, "templates", data)


def _ask(channel: Channel, operation: Callable[[CloudConfig], Operation[R]]) -> R:
    return _run(operation(_config(channel)))


def _config(channel: Channel) -> CloudConfig:
    try:
        return CloudConfig.model_validate(channel.config)
    except ValidationError as error:
        raise TemplateError(_("This number is not connected to Meta.")) from error


def _run(operation: "Operation[R]") -> R:
    try:
        return sync.run(operation, simulator=_no_simulator)
    except CircuitOpenError as rest:
        raise TemplateError(_("Meta is not answering at the moment. Try again in a minute.")) from rest


def _no_simulator(call: HttpCall) -> HttpReply:
    return HttpReply(404, b"")


def approved(channel_ids: Sequence[UUID]) -> list[MessageTemplate]:
    """Return what may be sent by these numbers now: approved, and with nothing but text to fill in."""
    rows = MessageTemplate.objects.filter(channel_id__in=channel_ids, status=TemplateStatus.APPROVED, has_media=False)
    return list(rows.exclude(header__contains="{{").order_by("name", "language"))
