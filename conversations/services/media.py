"""Inbound files: fetched from the channel's own server, checked, and kept under our own names."""

from uuid import UUID

from django.utils.translation import gettext as _

from conversations.models import Attachment
from conversations.services.threads import tell_pages
from core.jobs import job
from core.uploads import UploadRefusedError, check_upload, store_upload
from gateways.calls import HttpReply
from gateways.services.media import download


@job("default", timeout_seconds=300)
def fetch_attachment(*, organization_id: str, attachment_id: str) -> None:
    """Fetch an inbound file from its provider."""
    fetch(attachment_id)


def fetch(attachment_id: UUID | str) -> None:
    """Fetch one inbound file once; a file that may not be kept leaves its reason."""
    attachment = Attachment.objects.select_related("message__channel", "message__conversation").get(pk=attachment_id)
    if attachment.path:
        return
    reply = download(attachment.message.channel, attachment.remote)
    if not isinstance(reply, HttpReply) or reply.status != 200:
        attachment.error = _("The file could not be fetched from the number.")
    else:
        _keep(attachment, reply.body, reply.headers.get("content-type", ""))
    attachment.save(update_fields=["path", "size", "mimetype", "kind", "error"])
    tell_pages(attachment.message.conversation)


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
