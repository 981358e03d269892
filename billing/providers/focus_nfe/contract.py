"""What is asked of Focus NFe and what it says, as plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class InvoiceStatus(StrEnum):
    """``status`` of the national NFS-e at Focus NFe; other words of theirs count as processing."""

    PROCESSING = "processando_autorizacao"
    AUTHORISED = "autorizado"
    REFUSED = "erro_autorizacao"
    CANCELLED = "cancelado"
    CANCEL_REFUSED = "erro_cancelamento"


@dataclass(frozen=True)
class InvoiceOrder:
    """An NFS-e of the national layout. ``issued_at`` is aware, in the provider's own time zone; documents are plain."""

    provider_document: str
    municipal_registration: str
    municipality_code: str
    tax_regime: int
    service_code: str
    description: str
    amount_cents: int
    issued_at: datetime
    taker_name: str = ""
    taker_document: str = ""
    taker_email: str = ""


@dataclass(frozen=True)
class InvoiceReply:
    """``errors`` are in words, as the city hall gave them; the links are whole addresses."""

    status: InvoiceStatus
    number: str = ""
    verification_code: str = ""
    url: str = ""
    pdf_url: str = ""
    errors: tuple[str, ...] = ()
