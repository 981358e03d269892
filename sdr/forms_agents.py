from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from core.clock import SendingHours
from gateways.models import Channel
from sdr.campaign_agents import campaign_book
from sdr.models import Agent, Closed, FollowUps
from sdr.services.agents import MOST_QUESTIONS
from sdr.services.following import MOST
from sdr.services.profiles import TEMPERATURES

PLAIN = (
    "name", "opening", "instructions", "goals", "segment", "is_active", "closed", "away_text", "follow_up_mode", "follow_up_hours",
    "follow_up_from", "follow_up_until",
)  # fmt: skip
DAYS = [(0, _("Mon")), (1, _("Tue")), (2, _("Wed")), (3, _("Thu")), (4, _("Fri")), (5, _("Sat")), (6, _("Sun"))]


class AgentForm(forms.Form):
    """One agent with its numbers, questions, closing texts and teams."""

    name = forms.CharField(label=_("Name"), max_length=40)
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)
    channels = forms.ModelMultipleChoiceField(
        label=_("Numbers"), queryset=Channel.unscoped.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    campaigns = forms.MultipleChoiceField(
        label=_("Campaigns"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("It talks to whoever answers one of these; that wins over the segment and the number."),
    )  # fmt: skip
    segment = forms.CharField(
        label=_("Only for the segment"), required=False, max_length=60,
        help_text=_("The value of the contact's attribute “segmento”; it wins over the number."),
    )  # fmt: skip
    opening = forms.CharField(label=_("First words"), required=False, max_length=300)
    instructions = forms.CharField(
        label=_("Persona and manner"), required=False, max_length=4000, widget=forms.Textarea({"rows": 4})
    )
    goals = forms.CharField(label=_("Goals"), required=False, max_length=1000, widget=forms.Textarea({"rows": 2}))
    questions = forms.CharField(
        label=_("Questions of its own, one per line"), required=False, max_length=1500, widget=forms.Textarea({"rows": 3}),
        help_text=_("Asked one by one after the five facts are known. At most five."),
    )  # fmt: skip

    work_days = forms.TypedMultipleChoiceField(
        label=_("Works on"), choices=DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Without a day it works always."),
    )  # fmt: skip
    work_from = forms.TimeField(label=_("From"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    work_until = forms.TimeField(label=_("Until"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    skips_holidays = forms.BooleanField(
        label=_("Closed on holidays"), required=False, initial=True,
        help_text=_("National ones, those of your state, and the days that your agenda has as closed."),
    )  # fmt: skip
    closed = forms.ChoiceField(label=_("Outside these hours"), choices=Closed.choices)
    away_text = forms.CharField(
        label=_("What it says then"), required=False, max_length=400, widget=forms.Textarea({"rows": 2}),
        help_text=_("{abertura} becomes the moment at which it opens. Empty: the usual words."),
    )  # fmt: skip
    follow_up_mode = forms.ChoiceField(label=_("Follow-up to who vanishes"), choices=FollowUps.choices)
    follow_ups_text = forms.CharField(
        label=_("Its follow-ups, one per line"), required=False, max_length=1000, widget=forms.Textarea({"rows": 3}),
        help_text=_("At most three, sent one by one while nobody answers. {nome} becomes the first name."),
    )  # fmt: skip
    follow_up_hours = forms.IntegerField(label=_("Hours of silence before each"), min_value=1, max_value=72)
    follow_up_from = forms.IntegerField(label=_("Not before (hour)"), min_value=0, max_value=23)
    follow_up_until = forms.IntegerField(label=_("Not after (hour)"), min_value=1, max_value=24)

    def __init__(self, data: Mapping[str, Any] | None, *, agent: Agent) -> None:
        initial = {name: getattr(agent, name) for name in PLAIN} | {"questions": "\n".join(agent.questions)}
        if not agent._state.adding:
            initial["channels"] = list(agent.channels.values_list("pk", flat=True))
            initial["campaigns"] = [str(pk) for pk, _name in campaign_book().by_agent().get(agent.pk, [])]
        initial |= _hours_of(agent) | {"follow_ups_text": "\n".join(agent.follow_ups)}
        initial |= {f"closing_{name}": agent.closings.get(name, "") for name in TEMPERATURES}
        initial |= {f"team_{name}": getattr(agent, f"team_{name}_id") for name in TEMPERATURES}
        super().__init__(data, initial=initial)
        numbers = self.fields["channels"]
        assert isinstance(numbers, forms.ModelMultipleChoiceField)
        numbers.queryset = Channel.objects.order_by("name")
        campaigns = self.fields["campaigns"]
        assert isinstance(campaigns, forms.MultipleChoiceField)
        campaigns.choices = [(str(pk), name) for pk, name in campaign_book().choices()]
        labels = {"quente": _("hot"), "morno": _("warm"), "frio": _("cold"), "muito_frio": _("very cold")}
        for name in TEMPERATURES:
            self.fields[f"closing_{name}"] = forms.CharField(
                label=_("Closing text: %(temperature)s") % {"temperature": labels[name]}, required=False, max_length=400
            )
            self.fields[f"team_{name}"] = forms.ModelChoiceField(
                label=_("Team: %(temperature)s") % {"temperature": labels[name]}, queryset=Team.objects.all(), required=False,
                empty_label=_("as in the settings"),
            )  # fmt: skip

    def clean_follow_ups_text(self) -> list[str]:
        texts = [" ".join(line.split()) for line in self.cleaned_data["follow_ups_text"].splitlines() if line.strip()]
        if len(texts) > MOST or any(len(text) > 300 for text in texts):
            raise forms.ValidationError(_("At most three texts of 300 letters each."))
        return texts

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("work_from"), data.get("work_until")
        if data.get("work_days") and (start is None or end is None or start == end):
            self.add_error("work_from", _("Say from when until when it works."))
        day_from, day_until = data.get("follow_up_from"), data.get("follow_up_until")
        if day_from is not None and day_until is not None and day_from >= day_until:
            self.add_error("follow_up_until", _("The day must end after it begins."))
        if data.get("follow_up_mode") == FollowUps.OWN and not data.get("follow_ups_text", True):
            self.add_error("follow_ups_text", _("Write at least one, or choose another follow-up."))
        return data

    def clean_questions(self) -> list[str]:
        questions = list(
            dict.fromkeys(
                " ".join(line.split()) for line in self.cleaned_data["questions"].splitlines() if line.strip()
            )
        )
        if len(questions) > MOST_QUESTIONS or any(len(text) > 250 for text in questions):
            raise forms.ValidationError(_("At most five questions of 250 letters each."))
        return questions

    @property
    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        closings = {name: data[f"closing_{name}"].strip() for name in TEMPERATURES if data[f"closing_{name}"].strip()}
        teams = {f"team_{name}": data[f"team_{name}"] for name in TEMPERATURES}
        own = {"closings": closings, "working_hours": self._hours, "follow_ups": data["follow_ups_text"]}
        return {name: data[name] for name in (*PLAIN, "questions")} | own | teams

    @property
    def _hours(self) -> SendingHours:
        data = self.cleaned_data
        if not data["work_days"]:
            return {}
        rests: SendingHours = {"skips_holidays": True} if data["skips_holidays"] else {}
        start, end = (f"{data[name]:%H:%M}" for name in ("work_from", "work_until"))
        return {"days": sorted(data["work_days"]), "start": start, "end": end, **rests}

    @property
    def ends(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the closing text and the team of each temperature."""
        return [(self[f"closing_{name}"], self[f"team_{name}"]) for name in TEMPERATURES]

    @property
    def campaign_ids(self) -> list[UUID]:
        return [UUID(pk) for pk in self.cleaned_data["campaigns"]]


def _hours_of(agent: Agent) -> dict[str, Any]:
    hours = agent.working_hours
    if not hours:
        return {}
    return {
        "work_days": hours["days"], "work_from": hours["start"], "work_until": hours["end"],
        "skips_holidays": bool(hours.get("skips_holidays")),
    }  # fmt: skip
