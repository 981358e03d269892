import logging

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.providers.stripe import BadHookError
from billing.webhooks.intake import MAX_BODY_BYTES, UnknownHookError, receive

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def stripe_hook(request: HttpRequest, token: str) -> HttpResponse:
    """Take a webhook of Stripe; anything but a 2xx makes Stripe send it again, for up to three days."""
    try:
        body = request.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            return _answer("too large", 413)
        receive(token, body, request.headers.get("Stripe-Signature", ""))
    except UnknownHookError:
        return _answer("nobody lives here", 404)
    except BadHookError as error:
        logger.warning("webhook refused", extra={"provider": "stripe", "why": str(error)})
        return _answer("refused", 400)
    except UnreadablePostError:
        return _answer("body cut short", 400)
    return HttpResponse(status=200)


def _answer(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")
