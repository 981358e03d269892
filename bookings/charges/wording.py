"""What payers read in chats and e-mails; the caller has chosen language and time zone."""

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing.charges.checkout import public_url
from billing.models import Charge, ChargeMethod
from core.clock import local
from core.money import format_brl
from core.text import first_name


def _hello(charge: Charge) -> str:
    name = first_name(charge.payer_name)
    return _("Hello, %(name)s.") % {"name": name} if name else _("Hello.")


def request_text(charge: Charge) -> str:
    """Return the message that asks for the money."""
    words = {"amount": format_brl(charge.amount_cents), "what": charge.description}
    until = date_format(local(charge.expires_at, charge.organization.timezone), "d/m")
    parts = [f"{_hello(charge)} " + _("Your charge of %(amount)s for %(what)s is ready.") % words]
    if charge.method == ChargeMethod.CARD_LINK:
        parts.append(_("Pay by card here: %(link)s") % {"link": public_url(charge)})
    else:
        parts.append(_("Pay by Pix here: %(link)s") % {"link": public_url(charge)})
    parts.append(_("The link works until %(until)s.") % {"until": until})
    return "\n\n".join(parts)


def receipt_text(charge: Charge, invoice: dict[str, Any]) -> str:
    """Return the receipt; ``invoice`` is what the step that issued it answered."""
    words = {"amount": format_brl(charge.amount_cents), "what": charge.description}
    parts = [f"{_hello(charge)} " + _("We received your payment of %(amount)s for %(what)s. Thank you.") % words]
    if url := invoice.get("url") or invoice.get("pdf_url"):
        parts.append(_("Your invoice: %(link)s") % {"link": url})
    parts.append(_("Your receipt: %(link)s") % {"link": public_url(charge)})
    return "\n\n".join(parts)


def receipt_subject(charge: Charge) -> str:
    words = {"amount": format_brl(charge.amount_cents), "business": charge.organization.name}
    return _("Payment of %(amount)s received by %(business)s") % words
