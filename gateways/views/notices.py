"""The bell: what people should know of the numbers, as a list and, while a page is open, as toasts."""

from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import member_required
from accounts.http import MemberRequest
from core.clock import now
from gateways.pool.notices import bell, notices, notices_after

SEEN = "notices_seen"
# Somebody who never looked is told of the last day.
AT_FIRST = timedelta(days=1)


def seen_at(request: HttpRequest) -> datetime:
    """Return when the person last looked at the list, in this browser."""
    kept = request.session.get(SEEN)
    return datetime.fromisoformat(kept) if kept else now() - AT_FIRST


@require_safe
@member_required
def notice_list(request: MemberRequest) -> HttpResponse:
    context = {"notices": notices(seen_at(request))}
    if request.htmx:
        return render(request, "gateways/notices.html#notices", context)
    request.session[SEEN] = now().isoformat()
    return render(request, "gateways/notices.html", context | {"bell": bell(now())})


@require_safe
@member_required
def bell_now(request: MemberRequest) -> HttpResponse:
    """Return the bell as it is now, with a toast for each alert since the one that the page knows."""
    last = _uuid(request.GET.get("desde", ""))
    fresh = notices_after(last) if last is not None else []
    context = {"bell": bell(seen_at(request)), "fresh": fresh, "is_update": request.htmx}
    return render(request, "gateways/_bell.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
