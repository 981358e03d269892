"""The doors of the pages that customers open: an organization by the address of its page, a booking by its link."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from bookings.models import Booking, BookingSettings
from core.tenancy import activate_organization

View = Callable[..., HttpResponse]


@contextmanager
def _inside(settings: BookingSettings) -> Iterator[None]:
    with activate_organization(settings.organization_id), timezone.override(settings.organization.timezone):
        yield


def _settings(slug: str) -> BookingSettings:
    found = BookingSettings.unscoped.select_related("organization").filter(slug=slug).first()
    if found is None:
        raise Http404
    return found  # type: ignore[no-any-return]


def public_page(view: View) -> View:
    """Run a view inside the organization of the address; a page that is switched off was never there."""

    @wraps(view)
    def opened(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
        settings = _settings(slug)
        if not settings.is_public:
            raise Http404
        with _inside(settings):
            return view(request, settings, **kwargs)

    return opened


def booking_link(view: View) -> View:
    """Run a view for the booking of a link; the link goes on when the page is switched off. Nothing of it is cached."""

    @wraps(view)
    def opened(request: HttpRequest, slug: str, token: str, **kwargs: Any) -> HttpResponse:
        settings = _settings(slug)
        with _inside(settings):
            booking = Booking.objects.select_related("service", "professional", "contact").filter(token=token).first()
            if booking is None:
                raise Http404
            response = view(request, settings, booking, **kwargs)
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return opened
