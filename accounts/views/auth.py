from allauth.account.views import SignupView
from django.http import HttpRequest, HttpResponse

from accounts.adapter import refuse_when_too_many


class RateLimitedSignupView(SignupView):  # type: ignore[misc]  # allauth ships no types
    """Sign-up, at most three times an hour from one address."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        refuse_when_too_many(request, "signup", limit=3, period=3600)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response
