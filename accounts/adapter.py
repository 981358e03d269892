from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.ratelimit import by_address, check, too_many


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Prosa's say in allauth: log-in at most 5 times a minute and sign-up 3 times an hour from one address."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("E-mail and password do not match. See whether Caps Lock is on."),
        "email_taken": _("There is an account with this e-mail. Log in, or ask for a new password."),
    }

    def pre_authenticate(self, request: HttpRequest, **credentials: object) -> None:
        refuse_when_too_many(request, "login", limit=5, period=60)
        super().pre_authenticate(request, **credentials)

    def is_safe_url(self, url: str) -> bool:
        """Say whether a log-in may go on to an address; one that cannot even be read is not safe."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False


def refuse_when_too_many(request: HttpRequest, name: str, *, limit: int, period: int) -> None:
    """Answer 429 with the waiting time when one address tries too often."""
    verdict = check(name, by_address(request), limit=limit, period=period)
    if verdict.allowed:
        return
    raise ImmediateHttpResponse(too_many(request, verdict))
