"""Types of requests that carry what the middlewares put on them."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import Membership, Organization, User


class MemberRequest(HttpRequest):
    """A request of a logged-in member of an organization."""

    user: User
    htmx: HtmxDetails
    membership: Membership
    organization: Organization
