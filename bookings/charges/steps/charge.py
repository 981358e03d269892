"""The charge that a step of its process is about."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone, translation

from billing.models import Charge
from sagas.definition import StepCall


def charge_of(call: StepCall) -> Charge:
    found: Charge = Charge.objects.select_related("organization").get(pk=call.context["charge_id"])
    return found


@contextmanager
def words_of(charge: Charge) -> Iterator[None]:
    """Speak the language of the business and keep its time."""
    organization = charge.organization
    with translation.override(organization.language), timezone.override(organization.timezone):
        yield
