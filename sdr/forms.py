from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from core.merging import Merge
from core.money import InvalidMoneyError, parse_cents
from sdr.models import SdrProfile
from sdr.scoring import LEVELS, THRESHOLDS, Rubric, RubricError
from sdr.services.following import MOST

TEAMS = ("team_quente", "team_morno", "team_frio", "team_muito_frio")

FOLLOW_UP = ("follow_up_hours", "follow_up_from", "follow_up_until")


def _team_field(label: Any) -> forms.ModelChoiceField:  # type: ignore[type-arg]  # the stubs know no parameter here
    return forms.ModelChoiceField(label=label, queryset=Team.unscoped.none(), required=False, empty_label=_("no team"))


def _points() -> forms.NumberInput:
    return forms.NumberInput({"class": "input", "inputmode": "numeric"})


class SdrForm(forms.ModelForm[SdrProfile]):
    services_text = forms.CharField(
        label=_("Services, one per line: name; price"), required=False, max_length=6000,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("E.g.: Clareamento; 690,00. Leave the price out and the SDR says that it will ask."),
    )  # fmt: skip
    area_text = forms.CharField(
        label=_("Neighbourhoods or cities that you serve, separated by commas"), required=False, max_length=1000
    )
    faq_text = forms.CharField(
        label=_("Questions and answers, one per line: question = answer"), required=False, max_length=8000,
        widget=forms.Textarea({"rows": 4}),
    )  # fmt: skip

    follow_ups_text = forms.CharField(
        label=_("What to write to whoever vanishes, one text per line"), required=False, max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("At most three, sent one by one. {nome} is the first name. Empty: nobody is written to."),
    )  # fmt: skip

    # Declared by hand: building them from the model would ask for teams before any organization is known.
    team_quente = _team_field(_("Team for hot leads"))
    team_morno = _team_field(_("Team for warm leads"))
    team_frio = _team_field(_("Team for cold leads"))
    team_muito_frio = _team_field(_("Team for very cold leads"))

    class Meta:
        model = SdrProfile
        fields = ("enabled", "agent_name", "business_name", "segment", "city", "hours", "quiet_seconds",
                  "max_wait_seconds", "max_messages",
                  "follow_up_hours", "follow_up_from", "follow_up_until", *TEAMS)  # fmt: skip
        labels = {
            "quiet_seconds": _("Seconds of quiet before answering"),
            "max_wait_seconds": _("Longest wait in seconds"), "max_messages": _("Messages per lead at most"),
            "follow_up_hours": _("Hours of silence before each"), "follow_up_from": _("Not before this hour"),
            "follow_up_until": _("Not from this hour on"),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TEAMS:
            team = self.fields[name]
            assert isinstance(team, forms.ModelChoiceField)
            team.queryset = Team.objects.all()
        for name in FOLLOW_UP:
            self.fields[name].required = False
        self.initial["follow_ups_text"] = "\n".join(self.instance.follow_ups)
        self.initial["services_text"] = "\n".join(_service_line(item) for item in self.instance.services)
        self.initial["area_text"] = ", ".join(self.instance.area)
        self.initial["faq_text"] = "\n".join(f"{item['question']} = {item['answer']}" for item in self.instance.faq)

    def clean_services_text(self) -> list[dict[str, Any]]:
        services = []
        for line in self.cleaned_data["services_text"].splitlines()[:60]:
            name, _mark, price = line.replace(" - ", ";").partition(";")
            if not name.strip():
                continue
            try:
                cents = parse_cents(price.replace("R$", "").strip()) if price.strip() else None
            except InvalidMoneyError as error:
                raise forms.ValidationError(
                    _("The price of “%(name)s” cannot be read."), params={"name": name.strip()}
                ) from error
            if cents is not None and not 0 <= cents <= 1_000_000_000:
                raise forms.ValidationError(_("The price of “%(name)s” cannot be read."), params={"name": name.strip()})
            services.append({"name": name.strip()[:80], "price_cents": cents})
        return services

    def clean_area_text(self) -> list[str]:
        return [place.strip()[:60] for place in self.cleaned_data["area_text"].split(",") if place.strip()][:60]

    def clean_faq_text(self) -> list[dict[str, str]]:
        lines = [line.partition("=") for line in self.cleaned_data["faq_text"].splitlines()[:60]]
        return [
            {"question": q.strip()[:200], "answer": a.strip()[:600]} for q, _mark, a in lines if q.strip() and a.strip()
        ]

    def clean_quiet_seconds(self) -> int:
        seconds: int = self.cleaned_data["quiet_seconds"]
        if seconds > 120:
            raise forms.ValidationError(_("At most 120 seconds."))
        return seconds

    def clean_follow_ups_text(self) -> list[str]:
        texts = [" ".join(line.split()) for line in self.cleaned_data["follow_ups_text"].splitlines() if line.strip()]
        if len(texts) > MOST or any(len(text) > 300 for text in texts):
            raise forms.ValidationError(_("At most three texts of 300 letters each."))
        return texts

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in FOLLOW_UP:
            if data.get(name) is None and name not in self.errors:
                data[name] = getattr(self.instance, name)
        if not self.errors:
            if not 1 <= data["follow_up_hours"] <= 72:
                self.add_error("follow_up_hours", _("From 1 to 72 hours."))
            if not 0 <= data["follow_up_from"] < data["follow_up_until"] <= 24:
                self.add_error("follow_up_until", _("The day must end after it begins, from 0 to 24."))
        return data

    @property
    def values(self) -> dict[str, Any]:
        own = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return own | {
            "services": self.cleaned_data["services_text"], "area": self.cleaned_data["area_text"],
            "faq": self.cleaned_data["faq_text"], "follow_ups": self.cleaned_data["follow_ups_text"],
        }  # fmt: skip


WRITTEN_AS = {"services": "services_text", "area": "area_text", "faq": "faq_text", "follow_ups": "follow_ups_text"}


def form_after_conflict(data: QueryDict, theirs: SdrProfile, joined: Merge) -> SdrForm:
    """Return the form with what the person typed, what only others changed as they left it, and a word at each conflict."""
    saved, mixed = SdrForm(instance=theirs), data.copy()
    for name in joined.theirs:
        _put(mixed, saved[WRITTEN_AS.get(name, name)])
    form = SdrForm(mixed, instance=theirs)
    form.is_valid()
    for name in joined.conflicts:
        bound = saved[WRITTEN_AS.get(name, name)]
        form.add_error(bound.name, _("Meanwhile somebody else saved: %(value)s") % {"value": _shown(bound)})
    return form


def _put(data: QueryDict, bound: forms.BoundField) -> None:
    value = bound.value()
    if value is True or value is False:
        data.setlist(bound.html_name, ["on"] if value else [])
    else:
        data[bound.html_name] = "" if value is None else str(value)


def _shown(bound: forms.BoundField) -> str:
    value = bound.value()
    if isinstance(bound.field, forms.ModelChoiceField):
        found = bound.field.queryset.filter(pk=value).first() if bound.field.queryset is not None and value else None
        return str(found or bound.field.empty_label)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return f"“{str(value)[:200]}”" if value not in (None, "") else str(_("nothing"))


class RubricForm(forms.Form):
    """The weights of the score, one number per level."""

    def __init__(self, *args: Any, rubric: Rubric, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for criterion, levels in LEVELS.items():
            for level in levels:
                self.fields[f"{criterion}_{level}"] = forms.IntegerField(
                    label=level, min_value=0, max_value=130, initial=rubric.weights[criterion][level], widget=_points()
                )
        for name in THRESHOLDS:
            self.fields[f"threshold_{name}"] = forms.IntegerField(
                label=name, min_value=1, max_value=130, initial=rubric.thresholds[name], widget=_points()
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                Rubric.from_json(self.rubric)
            except RubricError as error:
                raise forms.ValidationError(
                    _(
                        "The best levels together may give at most 130 points, and the thresholds must go down from hot to cold."
                    )
                ) from error
        return data

    @property
    def rubric(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "weights": {c: {level: data[f"{c}_{level}"] for level in levels} for c, levels in LEVELS.items()},
            "thresholds": {name: data[f"threshold_{name}"] for name in THRESHOLDS},
        }

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        groups = [(c, [self[f"{c}_{level}"] for level in levels]) for c, levels in LEVELS.items()]
        return [*groups, ("threshold", [self[f"threshold_{name}"] for name in THRESHOLDS])]


class PlaygroundForm(forms.Form):
    text = forms.CharField(
        label=_("Write as the customer would"),
        max_length=1000,
        widget=forms.TextInput({"autocomplete": "off", "class": "input"}),
    )
    transcript = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)


def _service_line(item: dict[str, Any]) -> str:
    cents = item.get("price_cents")
    return f"{item['name']}; {cents / 100:.2f}".replace(".", ",") if cents is not None else str(item["name"])
