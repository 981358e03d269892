"""Everything that a business knows of one contact, for the person who asks for it (LGPD, art. 18 and 19)."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import AuditEntry
from accounts.templatetags.audit import audit_words
from billing.models import Charge
from bookings.models import Booking
from campaigns.models import Recipient
from conversations.models import Attachment, Message
from core.clock import now
from core.moments import spoken_date_time
from core.money import format_brl
from core.phones import format_national
from core.placeholders import shown
from leads.models import Contact, Import, ListMembership
from leads.queries import labelled
from sdr.models import Qualification

MAX_FILES_BYTES = 200 << 20
"""Of the files of the chats as many are put in as fit; all are named."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A heading and its rows, each a mapping from a word to a plain value."""

    title: str
    rows: list[Row]

    @property
    def columns(self) -> list[str]:
        """The words that have a value in some row, in the order in which rows name them."""
        return list(dict.fromkeys(word for row in self.rows for word, value in row.items() if value not in ("", None)))

    @property
    def lines(self) -> list[list[str]]:
        """The rows as a table of :attr:`columns`, moments in words."""
        return [[_written(row.get(word)) for word in self.columns] for row in self.rows]


def sections(contact: Contact) -> list[Section]:
    """Return what is known of a contact of the active organization, oldest first within each section."""
    parts: list[tuple[str, Iterable[Row]]] = [
        (_("Data"), _data(contact)),
        (_("Where it came from"), _origins(contact)),
        (_("Agreement and opt-out"), _consent(contact)),
        (_("Qualification"), _qualification(contact)),
        (_("Campaigns"), _campaigns(contact)),
        (_("Conversations"), _messages(contact)),
        (_("Bookings"), _bookings(contact)),
        (_("Charges"), _charges(contact)),
        (_("Timeline"), _timeline(contact)),
    ]
    return [Section(title, list(rows)) for title, rows in parts]


def archive(contact: Contact) -> bytes:
    """Return the dossier as a ZIP: a page to read, the same as JSON, and the files of the chats."""
    found = sections(contact)
    made = now()
    page = render_to_string("reports/dossier.html", {"contact": contact, "sections": found, "made": made})
    plain = {"made_at": made, "contact": contact.pk, "sections": {one.title: one.rows for one in found}}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("dossie.html", page)
        zipped.writestr("dossie.json", json.dumps(plain, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        for name, data in _files(contact):
            zipped.writestr(name, data)
    return buffer.getvalue()


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return spoken_date_time(value)
    return "" if value is None else str(value)


def _data(contact: Contact) -> Iterator[Row]:
    known = [
        (_("Name"), contact.name), (_("Phone"), format_national(contact.phone) if contact.phone else ""),
        (_("E-mail"), contact.email), (_("City"), contact.city), (_("WhatsApp link"), contact.whatsapp_link),
        (_("Tags"), ", ".join(contact.tags)), (_("Source"), _source(contact.source)), (_("Since"), contact.created_at),
        *((label, value) for _key, label, value in labelled(contact)),
        *((str(one.get_kind_display()), one.value) for one in contact.identities.order_by("created_at")),
    ]  # fmt: skip
    yield from ({_("Field"): name, _("Value"): value} for name, value in known if value)


def _origins(contact: Contact) -> Iterator[Row]:
    places = ListMembership.objects.filter(contact=contact).select_related("contact_list").order_by("pk")
    imports = Import.objects.select_related("created_by__user").in_bulk(
        {one for place in places if (one := place.import_id)} | ({contact.import_id} if contact.import_id else set())
    )
    for place in places:
        brought = imports.get(place.import_id) if place.import_id else None
        yield {_("List"): place.contact_list.name, _("Row"): place.row_number, **_brought(brought)}
    if not places and contact.import_id in imports:
        yield _brought(imports[contact.import_id])


def _brought(run: Import | None) -> Row:
    if run is None:
        return {}
    by = run.created_by.user.name if run.created_by else ""
    return {
        _("File"): run.filename, _("Since"): run.created_at, _("Brought in by"): by,
        _("Legal basis"): run.get_legal_basis_display(),
    }  # fmt: skip


def _consent(contact: Contact) -> Iterator[Row]:
    said = AuditEntry.objects.filter(target=str(contact.pk)).order_by("at")
    yield from (
        {
            _("When"): one.at,
            _("What"): audit_words(one.action),
            _("By"): one.actor_name,
            _("Reason"): one.data.get("reason", ""),
        }
        for one in said
    )


def _qualification(contact: Contact) -> Iterator[Row]:
    row = Qualification.objects.filter(contact=contact).first()
    if row is None:
        return
    yield {_("Criterion"): _("Score"), _("Points"): row.score, _("Reason"): row.temperature.replace("_", " ")}
    for line in row.breakdown:
        yield {
            _("Criterion"): _criterion(line.get("criterion", "")),
            _("Points"): line.get("points"),
            _("Reason"): line.get("reason", ""),
        }


def _source(code: str) -> str:
    return {"import": _("spreadsheet"), "manual": _("written down by the business"), "agenda": _("Agenda")}.get(
        code, code
    )


def _criterion(code: str) -> str:
    words = {
        "urgency": _("Urgency"), "interest": _("Interest"), "knowledge": _("Knowledge"), "location": _("Place"), "name": _("Name"),
        "threshold": _("Thresholds of temperature"), "engagement": _("Engagement"),
    }  # fmt: skip
    return words.get(code, code)


def _campaigns(contact: Contact) -> Iterator[Row]:
    rows = Recipient.objects.filter(contact=contact).select_related("campaign", "channel").order_by("pk")
    for row in rows:
        yield {
            _("Campaign"): row.campaign.name, _("State"): row.get_state_display(), _("Reason"): row.get_skip_reason_display(),
            pgettext("at", "Sent"): row.sent_at, pgettext("at", "Answered"): row.replied_at,
            _("Deal closed"): row.won_at, _("Message"): shown(row.body),
        }  # fmt: skip


def _messages(contact: Contact) -> Iterator[Row]:
    rows = Message.objects.filter(conversation__contact=contact).exclude(direction__in=["note", "event"])
    for row in rows.select_related("channel").prefetch_related("attachments").order_by("at", "pk"):
        files = ", ".join(_named(one) for one in row.attachments.all())
        yield {
            _("When"): row.at, _("Who"): row.author_name or row.get_origin_display(), _("Number"): row.channel.name,
            _("Message"): row.body, _("Files"): files, _("State"): row.get_state_display(),
        }  # fmt: skip


def _bookings(contact: Contact) -> Iterator[Row]:
    for row in Booking.objects.filter(contact=contact).order_by("during"):
        price = format_brl(row.price_cents) if row.price_cents else ""
        yield {
            _("When"): row.starts_at, _("Service"): row.service_name, _("State"): row.get_state_display(), _("Price"): price,
            _("Notes"): row.notes,
        }  # fmt: skip


def _charges(contact: Contact) -> Iterator[Row]:
    for row in Charge.objects.filter(link__contact=contact).order_by("created_at"):
        yield {
            _("When"): row.created_at, _("Description"): row.description, _("Amount"): format_brl(row.amount_cents),
            _("State"): row.get_state_display(), pgettext("at", "Paid"): row.paid_at,
        }  # fmt: skip


def _timeline(contact: Contact) -> Iterator[Row]:
    yield from (
        {_("When"): one.at, _("What"): one.title, _("Detail"): one.detail} for one in contact.timeline.order_by("at")
    )


def _files(contact: Contact) -> Iterator[tuple[str, bytes]]:
    """Return the kept files of the chats under names that nobody outside chose."""
    left = MAX_FILES_BYTES
    rows = (
        Attachment.objects.filter(message__conversation__contact=contact).exclude(path="").order_by("message__at", "pk")
    )
    for row in rows:
        left -= row.size
        if left >= 0 and default_storage.exists(row.path):
            with default_storage.open(row.path) as handle:
                yield f"arquivos/{_kept_name(row.pk, row.path)}", handle.read()


def _named(attachment: Attachment) -> str:
    name = attachment.filename or attachment.kind
    return f"{name} (arquivos/{_kept_name(attachment.pk, attachment.path)})" if attachment.path else str(name)


def _kept_name(pk: UUID, path: str) -> str:
    return f"{pk}.{path.rpartition('.')[2]}"
