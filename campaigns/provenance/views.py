"""The public page behind the link of a message: where the contact came from, and the way out."""

from collections.abc import Callable
from functools import wraps
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from campaigns.models import Recipient
from campaigns.provenance.links import recipient_of, token_of
from campaigns.provenance.origin import provenance
from core.clock import now
from core.ratelimit import rate_limited
from core.tenancy import activate_organization
from leads.services.consent import opt_out

View = Callable[[HttpRequest, Recipient], HttpResponse]
look_limit: Final = rate_limited("origin-look", limit=60, period=60)


def by_link(view: View) -> Callable[..., HttpResponse]:
    """Run a view for the recipient of a link, inside its organization; nothing of it is cached or passed on."""

    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        recipient_id = recipient_of(token)
        related = ("organization", "campaign__created_by__user", "contact", "channel")
        found = Recipient.unscoped.select_related(*related).filter(pk=recipient_id).first() if recipient_id else None
        if found is None:
            raise Http404
        while found.contact.merged_into is not None:  # the person is known under another name by now
            found.contact = found.contact.merged_into
        if found.contact.anonymised_at:
            raise Http404
        with activate_organization(found.organization_id), timezone.override(found.organization.timezone):
            response = view(request, found)
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return opened


@require_safe
@look_limit
@by_link
def origin_page(request: HttpRequest, recipient: Recipient) -> HttpResponse:
    context = {"origin": provenance(recipient), "contact": recipient.contact, "token": token_of(recipient.pk)}
    return render(request, "campaigns/origin.html", context)


# A browser that passes no address on sends no origin either, and one inside a chat may keep no cookie: the link is the proof.
@csrf_exempt
@require_POST
@look_limit
@by_link
def origin_opt_out(request: HttpRequest, recipient: Recipient) -> HttpResponse:
    opt_out(recipient.contact_id, reason=_("Asked on the page of the message's origin"), at=now())
    return redirect("origin:page", token_of(recipient.pk))
