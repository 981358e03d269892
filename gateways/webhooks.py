from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from gateways.contract import RawHook
from gateways.ingest import MAX_BODY_BYTES, Refusal, receive


@csrf_exempt
@require_POST
def hook(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """Take a provider's webhook. A fault of ours is a 503, because some providers never retry after a 4xx."""
    length = request.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        return HttpResponse(status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        receive(provider, token, RawHook(headers, request.read(MAX_BODY_BYTES + 1)))
    except Refusal as refusal:
        return HttpResponse(refusal.reason, status=refusal.status, content_type="text/plain")
    except DatabaseError:
        return HttpResponse(status=503)
    return HttpResponse(status=200)
