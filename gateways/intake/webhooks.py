import logging

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from gateways.intake.ingest import MAX_BODY_BYTES, Refusal, find_receiver, receive, store_now

logger = logging.getLogger(__name__)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def hook(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """Take a provider's webhook where :class:`gateways.intake.wsgi.HookDoor` does not stand in front of Django.

    A GET is a provider's question whether the address is ours.
    """
    if request.method == "GET":
        return _shake_hands(request, provider, token)
    length = request.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        return HttpResponse("too large", status=413, content_type="text/plain")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        receive(provider, token, headers, request.read(MAX_BODY_BYTES + 1), store=store_now)
    except Refusal as refusal:
        return HttpResponse(refusal.reason, status=refusal.status, content_type="text/plain")
    except UnreadablePostError:
        return HttpResponse("body cut short", status=400, content_type="text/plain")
    except Exception:  # our fault is a 503, because some providers never retry after a 4xx
        logger.exception("webhook not stored")
        return HttpResponse("try again", status=503, headers={"Retry-After": "5"}, content_type="text/plain")
    return HttpResponse(status=200)


def _shake_hands(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    if "hub.mode" not in request.GET:
        return HttpResponseNotAllowed(["POST"])
    try:
        receiver = find_receiver(provider, token)
    except Refusal as refusal:
        return HttpResponse(refusal.reason, status=refusal.status, content_type="text/plain")
    answer = receiver.adapter.handshake(receiver.config, request.GET.dict())
    if answer is None:
        return HttpResponse("not ours", status=403, content_type="text/plain")
    return HttpResponse(answer[:200], content_type="text/plain")
