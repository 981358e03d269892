"""How the texts of the wizard read: as people of the chosen lists receive them, and what in them will not read as meant."""

from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from campaigns.forms import CampaignForm
from campaigns.preflight.likeness import alike_variants
from campaigns.services.audience import render_for
from campaigns.services.drafts import MAX_BODY
from campaigns.views.variants import labelled
from core.placeholders import (
    GREETING,
    ORIGIN_LINK,
    greeting_at,
    render_placeholders,
    stray_signs,
    unknown_placeholders,
)
from leads.models import Contact
from leads.queries import contacts

SAMPLE = {"nome": "Mariana", "city": "Campinas", "phone": "+5519997426108", "email": "mariana@exemplo.com.br"}
EXAMPLE_LINK = f"{settings.BASE_URL}/porque/…"
PEOPLE = 6
STRAY = 3
CHIPS = 40


def preview_of(form: CampaignForm, person: str, start: datetime | None = None) -> dict[str, Any]:
    """Return the texts as somebody of the lists receives them at ``start``, and what they ask for that nobody has."""
    people = _people(ids_of(form, "lists"))
    contact = next((one for one in people if str(one.pk) == person), people[0] if people else None)
    greeting = greeting_at(timezone.localtime(start))
    texts = [(one["label"], one["text"]) for one in labelled(form.texts) if one["text"].strip()]
    own = {key: label for key, label in form.own_fields.items() if not key.startswith("sdr_")}
    known = {*SAMPLE, *own, *chain.from_iterable(one.attributes for one in people)}
    return {
        "previews": [(label, _reads(text, contact, str(form["key"].value() or ""), greeting)) for label, text in texts],
        "people": people,
        "person": contact,
        "attributes": list(own.items())[:CHIPS],
        "unknown": sorted({key for text in all_texts(form) for key in unknown_placeholders(text, known)}),
        "stray": list(dict.fromkeys(sign for text in all_texts(form) for sign in stray_signs(text)))[:STRAY],
        "alike_texts": alike_variants(texts)[:1],
    }


def all_texts(form: CampaignForm) -> list[str]:
    """Return what the campaign says, its further steps included."""
    return [*form.texts, *(text for row in form.step_rows for _number, text in row["texts"])]


def ids_of(form: CampaignForm, name: str) -> list[UUID]:
    found = []
    for value in form[name].value() or []:
        try:
            found.append(UUID(str(value)))
        except ValueError:
            continue  # the form itself says that this choice does not exist
    return found


def _reads(text: str, contact: Contact | None, campaign_id: str, greeting: str) -> str:
    cut = text[:MAX_BODY]
    if contact:
        return render_for(cut, contact, campaign_id, link=EXAMPLE_LINK, greeting=greeting)
    return render_placeholders(cut, SAMPLE | {GREETING: greeting, ORIGIN_LINK: EXAMPLE_LINK})


def _people(list_ids: list[UUID]) -> list[Contact]:
    for list_id in list_ids:
        if found := list(contacts(list_id=list_id, reach="receives").order_by("created_at")[:PEOPLE]):
            return found
    return []
