"""Types of requests that carry what the middlewares put on them."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import Membership, Organization, User


class UserRequest(HttpRequest):
    """A request of a logged-in person."""

    user: User
    htmx: HtmxDetails


class MemberRequest(UserRequest):
    """A request of a logged-in member of an organization."""

    membership: Membership
    organization: Organization
