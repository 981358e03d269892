from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from gateways.models import Channel
from sdr.models import Agent
from sdr.services.agents import MOST_QUESTIONS
from sdr.services.profiles import TEMPERATURES

PLAIN = ("name", "opening", "instructions", "segment", "is_active")


class AgentForm(forms.Form):
    """One agent with its numbers, questions, closing texts and teams."""

    name = forms.CharField(label=_("Name"), max_length=40)
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)
    channels = forms.ModelMultipleChoiceField(
        label=_("Numbers"), queryset=Channel.unscoped.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    segment = forms.CharField(
        label=_("Only for the segment"), required=False, max_length=60,
        help_text=_("The value of the contact's attribute “segmento”; it wins over the number."),
    )  # fmt: skip
    opening = forms.CharField(label=_("First words"), required=False, max_length=300)
    instructions = forms.CharField(
        label=_("Manner and goals"), required=False, max_length=4000, widget=forms.Textarea({"rows": 4})
    )
    questions = forms.CharField(
        label=_("Questions of its own, one per line"), required=False, max_length=1500, widget=forms.Textarea({"rows": 3}),
        help_text=_("Asked one by one after the five facts are known. At most five."),
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None, *, agent: Agent) -> None:
        initial = {name: getattr(agent, name) for name in PLAIN} | {"questions": "\n".join(agent.questions)}
        if not agent._state.adding:
            initial["channels"] = list(agent.channels.values_list("pk", flat=True))
        initial |= {f"closing_{name}": agent.closings.get(name, "") for name in TEMPERATURES}
        initial |= {f"team_{name}": getattr(agent, f"team_{name}_id") for name in TEMPERATURES}
        super().__init__(data, initial=initial)
        numbers = self.fields["channels"]
        assert isinstance(numbers, forms.ModelMultipleChoiceField)
        numbers.queryset = Channel.objects.order_by("name")
        labels = {"quente": _("hot"), "morno": _("warm"), "frio": _("cold"), "muito_frio": _("very cold")}
        for name in TEMPERATURES:
            self.fields[f"closing_{name}"] = forms.CharField(
                label=_("Closing text: %(temperature)s") % {"temperature": labels[name]}, required=False, max_length=400
            )
            self.fields[f"team_{name}"] = forms.ModelChoiceField(
                label=_("Team: %(temperature)s") % {"temperature": labels[name]}, queryset=Team.objects.all(), required=False,
                empty_label=_("as in the settings"),
            )  # fmt: skip

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
        return {name: data[name] for name in (*PLAIN, "questions")} | {"closings": closings} | teams
