from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from leads.queries import get_contact
from sdr.contract import FACTS
from sdr.models import Qualification, SdrProfile
from sdr.services.copy import write_copy
from sdr.services.profiles import get_profile, update_profile

router = Router(tags=["sdr"])
plain_router = Router(tags=["sdr"])


class ServiceIn(Schema):
    name: str = Field(min_length=1, max_length=80)
    price_cents: int | None = Field(None, ge=0)


class ProfileIn(Schema):
    enabled: bool = True
    business_name: str = Field("", max_length=120)
    segment: str = Field("", max_length=80)
    services: list[ServiceIn] = Field(default_factory=list, max_length=60)
    city: str = Field("", max_length=80)
    area: list[str] = Field(default_factory=list, max_length=60)
    hours: str = Field("", max_length=200)
    agent_name: str = Field("Clara", min_length=1, max_length=40)


class CopyIn(Schema):
    business_context: str = Field("", max_length=2000)
    product_service: str = Field("", max_length=300)


class CopyOut(Schema):
    messages: list[str]


@router.get("/sdr/profile", response=ProfileIn)
def read_profile(request: HttpRequest) -> SdrProfile:
    return get_profile()


@router.put("/sdr/profile", response=ProfileIn)
def change_profile(request: HttpRequest, data: ProfileIn) -> SdrProfile:
    return update_profile(get_profile(), data.dict())


@router.get("/contacts/{uuid:contact_id}/qualification")
def read_qualification(request: HttpRequest, contact_id: UUID) -> dict[str, Any]:
    contact = get_contact(contact_id)
    found = Qualification.objects.filter(contact=contact).first()
    if found is None:
        return {
            "status": "none",
            "score": 0,
            "temperature": "muito_frio",
            "facts": dict.fromkeys(FACTS),
            "breakdown": [],
        }
    facts = {
        name: {"value": fact["value"], "message_id": fact["message_id"]} if (fact := found.facts.get(name)) else None
        for name in FACTS
    }
    return {
        "status": found.status,
        "score": found.score,
        "temperature": found.temperature,
        "facts": facts,
        "breakdown": [
            {"criterion": b["criterion"], "points": b["points"], "max": b["max"], "message_id": b["message_id"] or None}
            for b in found.breakdown
        ],
    }


@plain_router.post("/ai/generate-copy", response=CopyOut)
def generate_copy(request: HttpRequest, data: CopyIn) -> dict[str, list[str]]:
    return {"messages": write_copy(data.business_context, data.product_service, count=3)}
