"""Inbound files: fetched from the channel's own server, checked, and kept under our own names.

Servers keep files for minutes only, so one that does not answer is asked again soon, a few times.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from conversations.models import Attachment, Message
from conversations.services.threads import tell_pages
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from core.uploads import UploadRefusedError, check_upload, store_upload
from gateways.calls import Answer, HttpReply, TransportFailure
from gateways.services.media import download

MOST_TRIES = 6
FIRST_RETRY = timedelta(seconds=15)
TIMEOUT_SECONDS = 300
# After this a fetch that was rung for is not under way any more.
LOST_AFTER = timedelta(seconds=TIMEOUT_SECONDS + 30)
AT_ONCE = 500


def expect_file(message: Message, kind: str, media: Mapping[str, str]) -> None:
    """Note that a message has a file and ring for it."""
    attachment = Attachment.objects.create(
        message=message, kind=kind, mimetype=media["mimetype"][:100], filename=media["filename"][:200], remote=media,
        next_try_at=now() + LOST_AFTER,
    )  # fmt: skip
    _ring(message.organization_id, attachment.pk)


@job("default", timeout_seconds=TIMEOUT_SECONDS)
def fetch_attachment(*, organization_id: str, attachment_id: str) -> None:
    """Fetch an inbound file from its provider."""
    fetch(attachment_id)


@job("default")
def fetch_waiting() -> None:
    """Ring for the files whose next try is due."""
    at = now()
    with across_organizations():
        due = Attachment.objects.filter(next_try_at__lte=at).order_by("next_try_at")
        rows = list(due.values_list("organization_id", "pk")[:AT_ONCE])
        Attachment.objects.filter(pk__in=[pk for _organization, pk in rows]).update(next_try_at=at + LOST_AFTER)
    for organization_id, pk in rows:
        _ring(organization_id, pk)


def _ring(organization_id: UUID, attachment_id: UUID) -> None:
    fetch_attachment.enqueue(
        coalesce_key=str(attachment_id), organization_id=str(organization_id), attachment_id=str(attachment_id)
    )


def fetch(attachment_id: UUID | str) -> None:
    """Fetch one inbound file once; a file that may not be kept leaves its reason."""
    known = Attachment.objects.select_related("message__channel", "message__conversation")
    attachment: Attachment | None = known.filter(pk=attachment_id, path="", error="").first()
    if attachment is None:
        return
    reply = download(attachment.message.channel, attachment.remote)
    attachment.tries += 1
    attachment.next_try_at = None
    if isinstance(reply, HttpReply) and reply.status == 200:
        _keep(attachment, reply.body, reply.headers.get("content-type", ""))
    elif _may_come(reply) and attachment.tries < MOST_TRIES:
        attachment.next_try_at = now() + FIRST_RETRY * 2 ** (attachment.tries - 1)
    else:
        attachment.error = _("The file could not be fetched from the number.")
    attachment.save(update_fields=["path", "size", "mimetype", "kind", "error", "tries", "next_try_at"])
    tell_pages(attachment.message.conversation)


def _may_come(reply: Answer | None) -> bool:
    """Tell whether the server is only away or busy; one that knows no such file has said all."""
    if isinstance(reply, HttpReply):
        return reply.status in {408, 425, 429} or reply.status >= 500
    return isinstance(reply, TransportFailure)


def _keep(attachment: Attachment, data: bytes, told_type: str) -> None:
    # Photos and voice notes have no name: what the message says they are is then all that is known.
    claimed = attachment.mimetype or told_type
    try:
        upload = check_upload(data, filename=attachment.filename, content_type=claimed)
    except UploadRefusedError as error:
        attachment.error = error.message[:300]
        return
    attachment.path = store_upload(attachment.organization_id, upload)
    attachment.size, attachment.mimetype, attachment.kind = len(upload.data), upload.mimetype, upload.kind
