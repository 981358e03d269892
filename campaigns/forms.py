from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.forms_audience import AudienceForm, initial_rules
from campaigns.models import Campaign, Split
from campaigns.schedules.forms import REPEAT, ScheduleForm, initial_schedule
from campaigns.sequences.forms import SequenceForm, initial_steps
from campaigns.sequences.steps import drafts_of
from campaigns.services.audience import ordered_lists
from campaigns.services.drafts import MAX_BODY, MAX_VARIANTS, MAX_WEIGHT, VariantDraft
from campaigns.services.official import campaign_numbers
from core.ids import uuid7
from core.merging import marks_of
from gateways.models import Channel
from leads.models import ContactList

DAYS = [(0, _("Mon")), (1, _("Tue")), (2, _("Wed")), (3, _("Thu")), (4, _("Fri")), (5, _("Sat")), (6, _("Sun"))]
GONE = ("invalid_choice", "invalid_pk_value")
PARTS = {
    "name": _("Name of the campaign"), "lists": _("Lists"), "rules": _("Audience"), "texts": _("Message"),
    "numbers": _("Numbers"), "when": _("When"),
}  # fmt: skip
MINUTE = "%Y-%m-%dT%H:%M"


class CampaignForm(ScheduleForm, SequenceForm, AudienceForm):
    """The wizard: one form in steps; choices are limited to the active organization.

    ``key`` becomes the id of a new campaign, so that sending the form twice makes one. ``version`` marks what the campaign
    said when its form was opened (:func:`version_of`), so that nobody overwrites what somebody else changed meanwhile.
    """

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    version = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name of the campaign"), max_length=120, help_text=_("Only you see it."))
    lists = forms.ModelMultipleChoiceField(
        label=_("Lists"), queryset=ContactList.unscoped.none(), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one list."), **dict.fromkeys(GONE, _("One of them was deleted. Choose again."))},
    )  # fmt: skip
    business_context = forms.CharField(required=False, max_length=2000, widget=forms.Textarea)
    split = forms.ChoiceField(
        label=_("Divide people"), required=False, initial=Split.WEIGHTS, widget=forms.RadioSelect,
        choices=[(Split.WEIGHTS, _("By weight")), (Split.AUTOMATIC, _("Automatically"))],
    )  # fmt: skip
    channels = forms.ModelMultipleChoiceField(
        label=_("Numbers"), queryset=Channel.unscoped.none(), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one number."), **dict.fromkeys(GONE, _("One of them was removed. Choose again."))},
    )  # fmt: skip
    when = forms.ChoiceField(
        label=_("Start"), choices=[("now", _("Now")), ("later", _("Schedule")), (REPEAT, _("Repeat"))],
        widget=forms.RadioSelect, initial="now",
    )  # fmt: skip
    start_at = forms.CharField(
        label=_("Day and time"), required=False, widget=forms.DateTimeInput({"type": "datetime-local"})
    )
    hours_start = forms.TimeField(label=_("Send from"), required=False, widget=forms.TimeInput({"type": "time"}))
    hours_end = forms.TimeField(label=_("until"), required=False, widget=forms.TimeInput({"type": "time"}))
    days = forms.TypedMultipleChoiceField(
        label=_("On these days"), choices=DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    # Where each field, and each code of a refusal, is put right: to lead from an error to its step.
    STEPS = {
        **dict.fromkeys(("audience", *AudienceForm.base_fields), "publico"),
        **dict.fromkeys(("recurrence", *ScheduleForm.base_fields), "quando"),
        "name": "publico", "lists": "publico", "list_ids": "publico", "empty_audience": "publico",
        "steps": "mensagem", "stops_on": "mensagem", "variant": "mensagem", "variants": "mensagem", "business_context": "mensagem",
        "split": "mensagem",
        "channels": "numeros", "channel_ids": "numeros",
        "when": "quando", "start_at": "quando", "hours_start": "quando", "hours_end": "quando", "days": "quando",
        "sending_hours": "quando",
    }  # fmt: skip

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        self.zone = zone
        super().__init__(*args, **kwargs)
        lists, channels = self.fields["lists"], self.fields["channels"]
        assert isinstance(lists, forms.ModelMultipleChoiceField)
        assert isinstance(channels, forms.ModelMultipleChoiceField)
        lists.queryset = ContactList.objects.order_by("-created_at")
        channels.queryset = campaign_numbers()

    @property
    def texts(self) -> list[str]:
        """The variants as they were written, empty ones included, so that nothing typed is lost."""
        if not self.is_bound:
            return list(self.initial.get("texts") or [""])
        written = self.data.getlist("variant") if hasattr(self.data, "getlist") else []
        return [text.replace("\r\n", "\n")[: MAX_BODY + 1] for text in written] or [""]

    @property
    def weights(self) -> list[int]:
        """The weight of each text as it was written, 1 where none was."""
        if not self.is_bound:
            return list(self.initial.get("weights") or [])
        written = self.data.getlist("weight") if hasattr(self.data, "getlist") else []
        read = [int(text) if text.isdecimal() and len(text) < 4 else 0 if text.strip() else 1 for text in written]
        return (read + [1] * len(self.texts))[: len(self.texts)]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data["split"] = data.get("split") or Split.WEIGHTS
        if not all(1 <= draft.weight <= MAX_WEIGHT for draft in self.drafts):
            words = _("The weight of a variant goes from 1 to 100.")
            self.add_error(None, forms.ValidationError(words, code="variant"))
        texts = [text for text in self.texts if text.strip()]
        if not texts:
            self.add_error(None, forms.ValidationError(_("Write at least one message."), code="variant"))
        if len(texts) > MAX_VARIANTS or any(len(text) > MAX_BODY for text in texts):
            words = _("Use at most 20 variations of 4,096 characters.")
            self.add_error(None, forms.ValidationError(words, code="variant"))
        if data.get("when") == "later":
            data["start_at"] = self._moment(data.get("start_at", ""))
        if bool(data.get("hours_start")) != bool(data.get("hours_end")):
            self.add_error("hours_end", _("Fill both times or none."))
        return data

    def _moment(self, text: str) -> datetime | None:
        try:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone))
        except ValueError:
            if self.data.get("go") != "draft":
                self.add_error("start_at", _("Choose day and time."))
            return None

    @property
    def drafts(self) -> list[VariantDraft]:
        return [
            VariantDraft(text, weight) for text, weight in zip(self.texts, self.weights, strict=True) if text.strip()
        ]

    @property
    def sending_hours(self) -> dict[str, Any]:
        start, end, days = (self.cleaned_data.get(name) for name in ("hours_start", "hours_end", "days"))
        rests = {"skips_holidays": True} if self.cleaned_data.get("skips_holidays") else {}
        if start and end:
            return {"days": days, "start": f"{start:%H:%M}", "end": f"{end:%H:%M}", **rests}
        return {"days": days, "start": "00:00", "end": "23:59", **rests} if days else rests

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What is wrong, each with the step where it is put right; "" where no step can."""
        found = []
        for name, errors in self.errors.as_data().items():
            for error in errors:
                step = self.STEPS.get(error.code or "", "") if name == "__all__" else self.STEPS.get(name, "")
                label = str(self.fields[name].label or "") if name in self.fields else ""
                found += [(step, f"{label}: {text}" if label else str(text)) for text in error.messages]
        return found


def version_of(campaign: Campaign) -> str:
    """Return a short mark for each part of what a campaign says, to whom, through which numbers and when."""
    return marks_of(_parts_of(campaign))


def changed_parts(campaign: Campaign, version: str) -> list[str]:
    """Return the names of what a campaign says otherwise than when ``version`` was taken."""
    parts = _parts_of(campaign)
    same = set(version.split()) & set(marks_of(parts).split())
    kept = {mark.split(":")[0] for mark in same}
    return [str(PARTS[name]) for name in parts if name not in kept]


def _parts_of(campaign: Campaign) -> dict[str, Any]:
    bodies = [list(row) for row in campaign.variants.filter(step=1).order_by("label").values_list("body", "weight")]
    steps = repr([drafts_of(campaign), campaign.stops_on])
    rule = campaign.recurrence.rule if campaign.repeats else {}
    return {
        "name": campaign.name,
        "lists": [str(pk) for pk in ordered_lists(campaign)],
        "rules": campaign.audience_rules,
        "texts": [campaign.split, bodies, steps],
        "numbers": sorted(str(pk) for pk in campaign.campaign_channels.values_list("channel_id", flat=True)),
        "when": [campaign.start_at, campaign.sending_hours, rule, campaign.late_hours, campaign.priority],
    }


def initial_of(campaign: Campaign) -> dict[str, Any]:
    """Return a campaign as the wizard's first values."""
    hours = campaign.sending_hours
    said = list(campaign.variants.filter(step=1).order_by("label").values_list("body", "weight"))
    start = timezone.localtime(campaign.start_at).strftime(MINUTE) if campaign.start_at else ""
    return {
        "key": str(campaign.pk),
        "name": campaign.name,
        "lists": ordered_lists(campaign),
        "channels": list(campaign.campaign_channels.values_list("channel_id", flat=True)),
        "texts": [body for body, _weight in said],
        "weights": [weight for _body, weight in said],
        "split": campaign.split,
        "business_context": campaign.business_context,
        "when": "later" if start else "now",
        "start_at": start,
        "hours_start": hours.get("start"),
        "hours_end": hours.get("end"),
        "days": hours.get("days", []),
        **initial_rules(campaign),
        **initial_schedule(campaign),
        **initial_steps(campaign),
    }


def new_key() -> str:
    """Return the id that the next campaign will have."""
    return str(uuid7())
