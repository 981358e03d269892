"""The organization's SDR: what it knows of the business."""

from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, Organization, Team
from accounts.services.audit import record_audit
from bookings.models import Service as BookedService
from core.errors import DomainError
from core.merging import Merge, marks_of, merge
from core.tenancy import current_organization_id
from core.text import fold
from sdr.contract import BusinessProfile, Service
from sdr.models import Agent, Prompt, SdrProfile

TEMPERATURES = ("quente", "morno", "frio", "muito_frio")
SETTINGS = (
    "enabled", "agent_name", "business_name", "segment", "city", "hours", "services", "area", "faq", "quiet_seconds",
    "max_wait_seconds", "max_messages", "follow_ups", "follow_up_hours", "follow_up_from", "follow_up_until",
    *(f"team_{name}" for name in TEMPERATURES),
)  # fmt: skip


class SettingsChangedError(DomainError):
    """Somebody else saved other values of the same settings; ``profile`` is as they left it, ``marks`` are of its values."""

    status = HTTPStatus.CONFLICT

    def __init__(self, profile: SdrProfile, joined: Merge) -> None:
        super().__init__(_("Somebody else has changed these settings meanwhile."))
        self.profile, self.joined, self.marks = profile, joined, marks_of(settings_of(profile))


def get_profile() -> SdrProfile:
    """Return the active organization's profile, made on first use."""
    organization_id = current_organization_id()
    profile: SdrProfile | None = SdrProfile.objects.filter(organization_id=organization_id).first()
    if profile is None:
        organization = Organization.objects.get(pk=organization_id)
        profile, _created = SdrProfile.objects.get_or_create(
            organization_id=organization_id,
            defaults={"business_name": organization.name, "segment": organization.segment},
        )
    return profile


def business_profile(profile: SdrProfile, prompt: Prompt | None = None, agent: Agent | None = None) -> BusinessProfile:
    """Return what the models are told, in the words of a version of the prompt and in the voice of an agent."""
    return BusinessProfile(
        business_name=profile.business_name,
        segment=profile.segment,
        services=_services(profile),
        city=profile.city,
        area=tuple(profile.area),
        hours=profile.hours,
        agent_name=agent.name if agent else profile.agent_name,
        faq=tuple((item["question"], item["answer"]) for item in profile.faq),
        opening=_first_of(agent.opening if agent else "", prompt.opening if prompt else ""),
        instructions="\n".join(filter(None, [prompt.instructions if prompt else "", *_manner(agent)])),
        version=prompt.number if prompt else 0,
    )


def _manner(agent: Agent | None) -> list[str]:
    if agent is None:
        return []
    return [agent.instructions, f"Objetivos: {agent.goals}" if agent.goals else ""]


def _first_of(*texts: str) -> str:
    return next((text for text in texts if text), "")


def _services(profile: SdrProfile) -> tuple[Service, ...]:
    """Return the services written for the SDR, and those of the agenda that are not among them."""
    own = [Service(item["name"], item.get("price_cents")) for item in profile.services]
    known = {fold(service.name) for service in own}
    booked = BookedService.objects.filter(is_active=True).order_by("name").values_list("name", "price_cents")[:60]
    return (*own, *(Service(name, cents or None) for name, cents in booked if fold(name) not in known))


def team_for(profile: SdrProfile, temperature: str) -> Team | None:
    team: Team | None = getattr(profile, f"team_{temperature}")
    return team


def update_profile(profile: SdrProfile, values: dict[str, Any]) -> SdrProfile:
    """Save checked values, and nothing else of the profile: another page may just have saved the rest."""
    for name, value in values.items():
        setattr(profile, name, value)
    profile.save(update_fields=[*values, "updated_at"])
    return profile


def settings_of(profile: SdrProfile) -> dict[str, Any]:
    """Return what the page of the settings edits."""
    return {name: getattr(profile, name) for name in SETTINGS}


@transaction.atomic
def change_settings(typed: dict[str, Any], *, marks: str, actor: Membership) -> None:
    """Save the settings as far as nobody else has changed the same since the page was drawn, which ``marks`` tell.

    Raises :class:`SettingsChangedError`, and saves nothing, where two people want different things.
    """
    profile = SdrProfile.objects.select_for_update().get(pk=get_profile().pk)
    before = settings_of(profile)
    joined = merge(marks, before, typed)
    if joined.conflicts:
        raise SettingsChangedError(profile, joined)
    update_profile(profile, joined.values)
    changed = sorted(name for name in typed if joined.values[name] != before[name])
    record_audit("sdr.changed", actor=actor, data={"fields": changed})
