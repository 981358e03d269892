"""The steps of a sequence, written and changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Campaign, CampaignState, Recipient, Step, StopReason, Variant, WaitUnit
from campaigns.services.drafts import MAX_BODY
from campaigns.services.official import check_templates, keep_fees
from campaigns.services.transitions import lock, tell_pages

MAX_STEPS: Final = 9
MAX_TEXTS: Final = 5
MAX_WAIT: Final = {WaitUnit.HOURS: 24 * 30, WaitUnit.DAYS: 365}
STOPS: Final = (StopReason.REPLIED, StopReason.BOOKED, StopReason.CLOSED)
USUAL_STOPS: Final = (StopReason.REPLIED, StopReason.BOOKED)
OPEN: Final = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)

# Who has got the last step may get a new one; who is before the last goes on only while there is something to come.
_LEAD_ON = """
UPDATE campaigns_recipient r SET leads_on = r.step < %(last)s
WHERE r.campaign_id = %(campaign)s AND r.stopped = '' AND r.leads_on <> (r.step < %(last)s)
  AND NOT EXISTS (SELECT 1 FROM campaigns_recipient n
                  WHERE n.campaign_id = r.campaign_id AND n.contact_id = r.contact_id AND n.step = r.step + 1)
"""


@dataclass(frozen=True)
class StepDraft:
    """A further message: its wait after the one before, and its wordings in equal shares."""

    wait: int
    texts: Sequence[str]
    unit: str = WaitUnit.DAYS

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "StepDraft":
        """Return what was typed; raises :class:`CampaignIncompleteError`."""
        try:
            return cls(
                int(row["wait"]), [str(text) for text in row["texts"]], WaitUnit(row.get("unit") or WaitUnit.DAYS)
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _refused(_("Say how long each step waits.")) from error


@transaction.atomic
def save_steps(
    campaign: Campaign, drafts: Sequence[StepDraft], stops_on: Iterable[str], *, actor: Membership | None = None
) -> Campaign:
    """Replace the steps after the first; of a campaign that runs, for those who have not come so far.

    A step that somebody has reached may be changed, and not be taken away.
    """
    locked = lock(campaign)
    if locked.state not in OPEN:
        raise CampaignStateError(_("This campaign has ended."), code=f"campaign_{locked.state}")
    check_steps(drafts)
    _check_official(locked, drafts)
    reached = _reached(locked)
    if len(drafts) + 1 < reached:
        raise _refused(_("Step %(number)d has begun: change it, but do not take it away.") % {"number": reached})
    Step.objects.filter(campaign=locked, number__gt=len(drafts) + 1).delete()
    Variant.objects.filter(campaign=locked, step__gt=len(drafts) + 1).delete()
    for number, draft in enumerate(drafts, 2):
        values = {"wait": draft.wait, "unit": draft.unit}
        Step.objects.update_or_create(
            campaign=locked, number=number, organization_id=locked.organization_id, defaults=values
        )
        _write_texts(locked, number, [text.strip() for text in draft.texts if text.strip()])
    locked.stops_on = [reason.value for reason in STOPS if reason in set(stops_on)]
    locked.save(update_fields=["stops_on"])
    if locked.audience_built_at is not None:
        _go_on_from(locked, len(drafts) + 1)
    record_audit("campaign.steps", actor=actor, target=locked.name, data={"steps": len(drafts) + 1})
    tell_pages(locked)
    return locked


def drafts_of(campaign: Campaign) -> list[StepDraft]:
    """Return the steps after the first as they are now."""
    texts: dict[int, list[str]] = {}
    for number, body in (
        campaign.variants.filter(step__gt=1, weight__gt=0).order_by("label").values_list("step", "body")
    ):
        texts.setdefault(number, []).append(body)
    return [StepDraft(step.wait, texts.get(step.number, []), step.unit) for step in campaign.steps.order_by("number")]


def reached_step(campaign: Campaign) -> int:
    """Return the furthest step that somebody has come to; 0 before the start."""
    return _reached(campaign)


def _reached(campaign: Campaign) -> int:
    if campaign.audience_built_at is None:
        return 0
    return Recipient.objects.filter(campaign=campaign).aggregate(last=Max("step"))["last"] or 0


def _write_texts(campaign: Campaign, number: int, texts: list[str]) -> None:
    """Keep the wordings that stay, add new ones, and let those that somebody was sent live on without a share."""
    rows = list(Variant.objects.filter(campaign=campaign, step=number))
    used = (
        set(Recipient.objects.filter(campaign=campaign, step=number).values_list("variant_id", flat=True).distinct())
        if rows
        else set()
    )
    labels = {row.label for row in rows}
    left = list(texts)
    for row in rows:
        row.weight = 0
        if row.body in left:
            left.remove(row.body)
            row.weight = 1
        if row.weight or row.pk in used:
            row.save(update_fields=["weight"])
        else:
            row.delete()
    free = (f"{number}{letter}" for letter in ascii_uppercase if f"{number}{letter}" not in labels)
    mine: dict[str, Any] = {"organization_id": campaign.organization_id, "campaign": campaign, "step": number}
    for text in left:
        label = next(free, None)
        if label is None:
            raise _refused(_("This step was changed too often. Copy the campaign to go on."))
        Variant.objects.create(**mine, label=label, body=text)


def _go_on_from(campaign: Campaign, last: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LEAD_ON, {"campaign": campaign.pk, "last": last})
    keep_fees(campaign)


def check_steps(drafts: Sequence[StepDraft]) -> None:
    """Raise :class:`CampaignIncompleteError`, in words, for steps that could not be sent."""
    if len(drafts) > MAX_STEPS:
        raise _refused(_("Use at most %(count)d steps.") % {"count": MAX_STEPS + 1})
    for number, draft in enumerate(drafts, 2):
        most = MAX_WAIT[WaitUnit(draft.unit)]
        if not 1 <= draft.wait <= most:
            raise _refused(_("Step %(number)d waits from 1 to %(most)d.") % {"number": number, "most": most})
        texts = [text for text in draft.texts if text.strip()]
        if not texts:
            raise _refused(_("Write the message of step %(number)d, or take it away.") % {"number": number})
        if len(texts) > MAX_TEXTS or any(len(text) > MAX_BODY or "\x00" in text for text in texts):
            words = _("Use at most %(count)d texts of %(length)d characters in step %(number)d.")
            raise _refused(words % {"count": MAX_TEXTS, "length": MAX_BODY, "number": number})


def _check_official(campaign: Campaign, drafts: Sequence[StepDraft]) -> None:
    if campaign.state in {CampaignState.RUNNING, CampaignState.PAUSED}:
        channels = [link.channel for link in campaign.campaign_channels.select_related("channel")]
        check_templates(channels, [Variant(label=f"{number}", body=text) for number, draft in enumerate(drafts, 2)
                                   for text in draft.texts if text.strip()])  # fmt: skip


def _refused(words: str) -> CampaignIncompleteError:
    return CampaignIncompleteError(words, code="steps")
