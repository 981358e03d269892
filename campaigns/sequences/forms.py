"""The fields of a sequence: as many further steps as somebody adds, each with its wait and its texts."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, StopReason, WaitUnit
from campaigns.sequences.steps import (
    MAX_STEPS,
    MAX_TEXTS,
    STOPS,
    USUAL_STOPS,
    StepDraft,
    check_steps,
    drafts_of,
    reached_step,
)
from campaigns.services.drafts import MAX_BODY

STOP_WORDS: Final = {
    StopReason.REPLIED: _("when they answer"), StopReason.BOOKED: _("when they book"),
    StopReason.CLOSED: _("when the conversation is closed"),
}  # fmt: skip
Row = dict[str, Any]


class SequenceForm(forms.Form):
    """Further steps are lists of equal length: ``step_wait``, ``step_unit``, and ``step_text_0`` … with the texts of each."""

    stops_on = forms.MultipleChoiceField(
        label=_("The sequence ends for somebody"), choices=[(one.value, STOP_WORDS[one]) for one in STOPS], required=False,
        initial=[one.value for one in USUAL_STOPS], widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    @property
    def written_steps(self) -> list[Row]:
        """The steps as they are typed, good or not."""
        if self.is_bound:
            return typed_steps(self.data) if isinstance(self.data, QueryDict) else []
        return list(self.initial.get("steps") or [])

    @property
    def step_rows(self) -> list[Row]:
        """The steps as their fields are drawn."""
        return [
            {**row, "index": index, "number": index + 2, "texts": list(enumerate(row["texts"] or [""])),
             "may_add": len(row["texts"]) < MAX_TEXTS}
            for index, row in enumerate(self.written_steps)
        ]  # fmt: skip

    @property
    def may_add_step(self) -> bool:
        return len(self.written_steps) < MAX_STEPS

    @property
    def units(self) -> list[tuple[str, Any]]:
        return [(unit.value, unit.label) for unit in WaitUnit]

    @property
    def step_drafts(self) -> list[StepDraft]:
        """Raises :class:`CampaignIncompleteError`."""
        return [StepDraft.of(row) for row in self.written_steps]

    @property
    def known_steps(self) -> list[StepDraft]:
        """The steps as far as they make sense, for what is told while somebody writes."""
        try:
            found = self.step_drafts
            check_steps(found)
        except CampaignIncompleteError:
            return []
        return found

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        try:
            check_steps(self.step_drafts)
        except CampaignIncompleteError as refusal:
            self.add_error(None, forms.ValidationError(refusal.message, code=refusal.code))
        return data


def typed_steps(data: QueryDict) -> list[Row]:
    """Return the steps of a form that was sent."""
    waits, units = data.getlist("step_wait")[: MAX_STEPS + 1], data.getlist("step_unit")
    return [
        {
            "wait": wait[:10],
            "unit": units[index] if index < len(units) else WaitUnit.DAYS.value,
            "texts": [
                text.replace("\r\n", "\n")[: MAX_BODY + 1]
                for text in data.getlist(f"step_text_{index}")[: MAX_TEXTS + 1]
            ],
        }
        for index, wait in enumerate(waits)
    ]


def changed_steps(data: QueryDict, go: str) -> list[Row]:
    """Return the steps after a button: ``step-add``, ``step-text:<index>`` or ``step-remove:<index>``."""
    rows = typed_steps(data)
    verb, _colon, place = go.partition(":")
    index = int(place) if place.isdecimal() and len(place) < 3 else -1
    match verb:
        case "step-add" if len(rows) < MAX_STEPS:
            rows.append({"wait": "2", "unit": WaitUnit.DAYS.value, "texts": [""]})
        case "step-text" if 0 <= index < len(rows) and len(rows[index]["texts"]) < MAX_TEXTS:
            rows[index]["texts"].append("")
        case "step-remove" if 0 <= index < len(rows):
            del rows[index]
    return rows


def chosen_stops(data: QueryDict) -> list[str]:
    """Return what is chosen to end the sequence; with the first step the choice appears, and begins with the usual."""
    return data.getlist("stops_on") if typed_steps(data) else [one.value for one in USUAL_STOPS]


def initial_steps(campaign: Campaign) -> dict[str, Any]:
    """Return a campaign's sequence as the first values of the fields."""
    rows: list[Mapping[str, Any]] = [
        {"wait": draft.wait, "unit": str(draft.unit), "texts": list(draft.texts)} for draft in drafts_of(campaign)
    ]
    stops = campaign.stops_on if rows else [one.value for one in USUAL_STOPS]
    return {"steps": rows, "stops_on": list(stops), "reached": reached_step(campaign)}
