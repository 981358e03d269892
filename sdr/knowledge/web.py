from http import HTTPStatus
from urllib.parse import urljoin

from django.utils.translation import gettext as _

from core.http import Reply, check_public_url, request
from sdr.knowledge.errors import UnreadableDocumentError

MAX_BYTES = 5 * 1024 * 1024
MAX_HOPS = 4
HEADERS = {"User-Agent": "Prosa/1.0 (knowledge of the business)", "Accept": "text/html, text/plain, application/pdf"}


def fetch_page(url: str) -> Reply:
    """Return the page at a public address. Each hop of a redirect is checked anew, and none may lead into a private network.

    Raises :class:`core.http.OutgoingError` and :class:`UnreadableDocumentError`.
    """
    for _hop in range(MAX_HOPS):
        # Private hosts stay closed even where gateways may be private: what is fetched here can be read in a conversation.
        check_public_url(url, allow_private=False)
        reply = request("GET", url, headers=HEADERS, max_bytes=MAX_BYTES, allow_private=False)
        target = reply.headers.get("location", "")
        if not (300 <= reply.status < 400 and target):
            break
        url = urljoin(url, target)
    if reply.status != HTTPStatus.OK:
        raise UnreadableDocumentError(_("The page answered with error %(status)d.") % {"status": reply.status})
    return reply
