"""The charges that pages and the API name by id: a foreign one is as absent as one that never was."""

from uuid import UUID

from django.http import Http404

from billing.models import Charge


def get_charge(charge_id: UUID) -> Charge:
    rows = Charge.objects.select_related(
        "organization", "link__contact", "link__booking", "link__conversation", "created_by__user", "confirmed_by__user"
    )
    found: Charge | None = rows.filter(pk=charge_id).first()
    if found is None:
        raise Http404
    return found
