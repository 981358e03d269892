"""The documents that the SDR may answer from: added by people, read by a job, cut into pieces that can be found."""

import logging
from datetime import timedelta

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import F, TextField, Value
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.errors import DomainError
from core.http import check_public_url
from core.jobs import job
from core.tenancy import across_organizations
from core.text import fold
from sdr.knowledge.pieces import cut
from sdr.knowledge.reading import Text, check_file, read_file, read_page
from sdr.models import Chunk, Document, DocumentKind, DocumentState
from sdr.services.embeddings import embed_texts, embedder_of
from sdr.services.profiles import get_profile

logger = logging.getLogger(__name__)

MAX_DOCUMENTS = 200
MAX_ATTEMPTS = 3
LOST_AFTER = timedelta(minutes=10)


class TooManyDocumentsError(DomainError):
    status = 422


def add_file(filename: str, data: bytes, *, actor: Membership) -> Document:
    """Keep a file until the job has read it; raises :class:`sdr.knowledge.errors.UnreadableDocumentError`."""
    check_file(filename, data)
    return _add(Document(kind=DocumentKind.FILE, title=filename[:200], raw=data), actor)


def add_page(url: str, *, actor: Membership) -> Document:
    """Note the address of a page; raises :class:`core.http.UnsafeUrlError` for one that is not on the public internet."""
    check_public_url(url, allow_private=False)
    return _add(Document(kind=DocumentKind.PAGE, address=url[:1000]), actor)


def add_text(title: str, text: str, *, actor: Membership) -> Document:
    check_file("texto.txt", text.encode())
    return _add(Document(kind=DocumentKind.TEXT, title=title[:200], raw=text.encode()), actor)


@transaction.atomic
def _add(document: Document, actor: Membership) -> Document:
    document.organization_id = actor.organization_id
    if Document.objects.count() >= MAX_DOCUMENTS:
        raise TooManyDocumentsError(_too_many())
    document.save()
    record_audit("sdr.document_added", actor=actor, target=str(document)[:120])
    read_document.enqueue(organization_id=str(document.organization_id), document_id=str(document.pk))
    return document


def _too_many() -> str:
    return _("There is room for %(count)d documents. Remove one that is no longer needed.") % {"count": MAX_DOCUMENTS}


def remove_document(document: Document, *, actor: Membership) -> None:
    """Forget a document with all its pieces."""
    record_audit("sdr.document_removed", actor=actor, target=str(document)[:120])
    document.delete()


def read_again(document: Document, *, actor: Membership) -> None:
    """Read a page anew; what was read before answers until then."""
    record_audit("sdr.document_read_again", actor=actor, target=str(document)[:120])
    Document.objects.filter(pk=document.pk, kind=DocumentKind.PAGE).update(
        state=DocumentState.WAITING, attempts=0, error=""
    )
    read_document.enqueue(organization_id=str(document.organization_id), document_id=str(document.pk))


@job("bulk", timeout_seconds=300)
def read_document(*, organization_id: str, document_id: str) -> None:
    """Take the text of one document and cut it into pieces. Whoever is killed by a document leaves an attempt behind."""
    waiting = Document.objects.filter(pk=document_id, state=DocumentState.WAITING)
    if not waiting.filter(attempts__lt=MAX_ATTEMPTS).update(attempts=F("attempts") + 1):
        waiting.update(state=DocumentState.FAILED, error=_("This document could not be read."), raw=None)
        return
    document = Document.objects.get(pk=document_id)
    try:
        found = _text_of(document)
    except DomainError as error:
        waiting.update(state=DocumentState.FAILED, error=error.message[:300], raw=None)
        return
    pieces = cut(found.text)
    profile = get_profile()
    _keep(document, found, pieces, embed_texts(profile, pieces), embedder_of(profile))


def _text_of(document: Document) -> Text:
    if document.kind == DocumentKind.PAGE:
        return read_page(document.address)
    name = document.title if document.kind == DocumentKind.FILE else "texto.txt"
    return read_file(name, bytes(document.raw or b""))


@transaction.atomic
def _keep(document: Document, found: Text, pieces: list[str], vectors: list[list[float]] | None, embedder: str) -> None:
    locked = Document.objects.select_for_update().filter(pk=document.pk, state=DocumentState.WAITING).first()
    if locked is None:
        return
    locked.chunks.all().delete()
    for position, piece in enumerate(pieces):
        Chunk.objects.create(
            document=locked, position=position, text=piece, embedding=vectors[position] if vectors else None,
            embedder=embedder if vectors else "",
            search=SearchVector(Value(fold(piece), output_field=TextField()), config="portuguese"),
        )  # fmt: skip
    locked.title = locked.title or found.title
    locked.state, locked.error, locked.raw = DocumentState.READY, "", None
    locked.letters, locked.pieces, locked.read_at = len(found.text), len(pieces), now()
    locked.save()
    logger.info("document read", extra={"document": str(locked.pk), "pieces": len(pieces)})


@job("default")
def read_waiting() -> None:
    """Ring again for documents whose job was lost."""
    with across_organizations():
        rows = Document.objects.filter(state=DocumentState.WAITING, created_at__lt=now() - LOST_AFTER)
        for organization_id, pk in rows.values_list("organization_id", "pk")[:100]:
            read_document.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), document_id=str(pk))
