"""Stripe's errors in words, told apart by what to do next."""

import stripe
from django.utils.translation import gettext as _

from billing.providers.errors import (
    ProviderBusyError,
    ProviderDownError,
    ProviderError,
    ProviderKeyError,
    ProviderRefusedError,
)
from billing.providers.stripe.http import LeftInDoubtError

PATIENCE_SECONDS = 5.0
LONGEST_PATIENCE = 3600.0


def translated(error: stripe.StripeError) -> ProviderError:
    """Return our error for one of the SDK's."""
    if isinstance(error, LeftInDoubtError):
        return ProviderDownError(_("Stripe did not answer. Try again soon."), is_unknown=not error.nothing_left)
    if isinstance(error, stripe.AuthenticationError):
        return ProviderKeyError(_("Stripe does not accept the secret key. Check it in the settings."))
    if isinstance(error, stripe.PermissionError):
        return ProviderKeyError(_("The Stripe key is not allowed to do this. Check its permissions."))
    if isinstance(error, stripe.RateLimitError) or error.http_status == 409:
        return ProviderBusyError(_("Stripe asks for a moment. Try again soon."), retry_after=_retry_after(error))
    if error.http_status is None or error.http_status >= 500:
        return ProviderDownError(_("Stripe is failing at the moment. Try again soon."), is_unknown=True)
    said = error.user_message or type(error).__name__
    message = _("Stripe refused: %(reason)s") % {"reason": said[:300]}
    return ProviderRefusedError(message, code=error.code or "provider_refused")


def _retry_after(error: stripe.StripeError) -> float:
    asked = (error.headers or {}).get("retry-after", "")
    return min(LONGEST_PATIENCE, float(asked)) if asked.isdigit() else PATIENCE_SECONDS
