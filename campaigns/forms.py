from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.services.drafts import VariantDraft
from gateways.models import Channel
from leads.models import ContactList

DAYS = [(0, _("Mon")), (1, _("Tue")), (2, _("Wed")), (3, _("Thu")), (4, _("Fri")), (5, _("Sat")), (6, _("Sun"))]


class CampaignForm(forms.Form):
    """The wizard on one page; choices are limited to the active organization."""

    name = forms.CharField(label=_("Name of the campaign"), max_length=120)
    lists = forms.ModelMultipleChoiceField(
        label=_("Lists"), queryset=ContactList.unscoped.none(), widget=forms.CheckboxSelectMultiple
    )
    channels = forms.ModelMultipleChoiceField(
        label=_("Numbers"), queryset=Channel.unscoped.none(), widget=forms.CheckboxSelectMultiple
    )
    when = forms.ChoiceField(
        label=_("When"), choices=[("draft", _("Keep as a draft")), ("now", _("Start now")), ("later", _("Start at"))],
        widget=forms.RadioSelect, initial="now",
    )  # fmt: skip
    start_at = forms.CharField(
        label=_("Start at"), required=False, widget=forms.DateTimeInput({"type": "datetime-local"})
    )
    hours_start = forms.TimeField(label=_("Send from"), required=False, widget=forms.TimeInput({"type": "time"}))
    hours_end = forms.TimeField(label=_("until"), required=False, widget=forms.TimeInput({"type": "time"}))
    days = forms.TypedMultipleChoiceField(
        label=_("On these days"), choices=DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        lists, channels = self.fields["lists"], self.fields["channels"]
        assert isinstance(lists, forms.ModelMultipleChoiceField)
        assert isinstance(channels, forms.ModelMultipleChoiceField)
        lists.queryset = ContactList.objects.order_by("-created_at")
        channels.queryset = Channel.objects.filter(removed_at=None)

    @property
    def texts(self) -> list[str]:
        """The variants as they were written, empty ones included, so that nothing typed is lost."""
        data = self.data
        return [text[:4096] for text in data.getlist("variant")] if hasattr(data, "getlist") else []

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not any(text.strip() for text in self.texts):
            self.add_error(None, _("Write at least one message."))
        if data.get("when") == "later":
            data["start_at"] = self._moment(data.get("start_at", ""))
        if bool(data.get("hours_start")) != bool(data.get("hours_end")):
            self.add_error("hours_end", _("Fill both times or none."))
        return data

    def _moment(self, text: str) -> datetime | None:
        try:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone))
        except ValueError:
            self.add_error("start_at", _("Choose day and time."))
            return None

    @property
    def drafts(self) -> list[VariantDraft]:
        return [VariantDraft(text) for text in self.texts if text.strip()]

    @property
    def sending_hours(self) -> dict[str, Any]:
        start, end = self.cleaned_data["hours_start"], self.cleaned_data["hours_end"]
        if not start or not end:
            return {}
        return {"days": self.cleaned_data["days"], "start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
