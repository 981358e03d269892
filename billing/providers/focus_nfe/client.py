"""Focus NFe over HTTP: issue, ask, cancel. ``ref`` is our own name of an invoice and makes issuing idempotent."""

import base64
import logging
import time
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin

import orjson
from django.conf import settings
from django.utils.translation import gettext as _

from billing.providers.errors import ProviderBusyError, ProviderDownError, ProviderKeyError, ProviderRefusedError
from billing.providers.focus_nfe.contract import InvoiceReply, InvoiceStatus
from core import http
from core.breaker import Breaker

logger = logging.getLogger(__name__)

BASES: Final = {"producao": "https://api.focusnfe.com.br", "homologacao": "https://homologacao.focusnfe.com.br"}
NOBODYS_REF: Final = "prosateste0"
PATIENCE_SECONDS: Final = 10.0
LONGEST_PATIENCE: Final = 3600.0
LEAST_SECONDS: Final = 0.5


class FocusNfe:
    """One organization's access. Calls raise :class:`billing.providers.errors.ProviderError` or CircuitOpenError."""

    def __init__(self, token: str, *, environment: str, organization_id: str, seconds: float = 10.0) -> None:
        self._base = getattr(settings, "FOCUS_NFE_BASES", BASES)[environment]
        self._authorization = "Basic " + base64.b64encode(f"{token}:".encode()).decode()
        self._breaker = Breaker(f"focus_nfe:{organization_id}")
        self._deadline = time.monotonic() + seconds

    def issue(self, ref: str, body: bytes) -> InvoiceReply:
        """Hand an invoice in; the city hall answers later. The same ref never becomes two invoices."""
        return self._reply(self._ask("POST", f"/v2/nfsen?ref={ref}", body))

    def query(self, ref: str) -> InvoiceReply | None:
        """Return what became of an invoice; None when Focus NFe never heard of it."""
        reply = self._ask("GET", f"/v2/nfsen/{ref}", missing_is_fine=True)
        return None if reply.status == HTTPStatus.NOT_FOUND else self._reply(reply)

    def cancel(self, ref: str, reason: str) -> InvoiceReply:
        """Cancel an authorised invoice, at once; ``reason`` has 15 to 255 characters. Some cities refuse it."""
        return self._reply(self._ask("DELETE", f"/v2/nfsen/{ref}", orjson.dumps({"justificativa": reason})))

    def check(self) -> None:
        """Ask for an invoice that cannot be there: being told so proves the token."""
        self.query(NOBODYS_REF)

    def _ask(self, method: str, path: str, body: bytes | None = None, *, missing_is_fine: bool = False) -> http.Reply:
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        try:
            reply = http.request(
                method,
                self._base + path,
                data=body,
                headers=headers,
                timeout=self._timeout(),
                breaker=self._breaker,
                reuse=False,
            )
        except http.OutgoingError as error:
            text = _("Focus NFe did not answer. Try again soon.")
            raise ProviderDownError(text, is_unknown=not error.nothing_left) from error
        if not reply.ok and not (missing_is_fine and reply.status == HTTPStatus.NOT_FOUND):
            _refuse(reply)
        return reply

    def _timeout(self) -> tuple[float, float]:
        left = max(LEAST_SECONDS, self._deadline - time.monotonic())
        connect = min(http.CONNECT_SECONDS, left / 4)
        return connect, (left - connect) / 2

    def _reply(self, reply: http.Reply) -> InvoiceReply:
        said = _json(reply)
        status = said.get("status")
        known = InvoiceStatus(status) if status in set(InvoiceStatus) else InvoiceStatus.PROCESSING
        if known != status:
            logger.warning("unknown invoice status", extra={"status": str(status)[:60]})
        return InvoiceReply(
            status=known,
            number=_text(said.get("numero")),
            verification_code=_text(said.get("codigo_verificacao")),
            url=self._address(said.get("url")),
            pdf_url=self._address(said.get("url_danfse")),
            errors=_errors(said),
        )

    def _address(self, value: Any) -> str:
        text = _text(value)
        whole = urljoin(self._base, text) if text else ""
        return whole if whole.startswith(("https://", "http://")) and len(whole) <= 500 else ""


def _refuse(reply: http.Reply) -> None:
    said = _json(reply)
    if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise ProviderKeyError(_("Focus NFe does not accept the token for this environment. Check it in the settings."))
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        asked = reply.headers.get("retry-after", "")
        wait = min(LONGEST_PATIENCE, float(asked)) if asked.isdigit() else PATIENCE_SECONDS
        raise ProviderBusyError(_("Focus NFe asks for a moment. Try again soon."), retry_after=wait)
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ProviderDownError(_("Focus NFe is failing at the moment. Try again soon."), is_unknown=True)
    reason = "; ".join(_errors(said)) or _text(said.get("mensagem")) or str(reply.status)
    message = _("Focus NFe refused: %(reason)s") % {"reason": reason[:400]}
    raise ProviderRefusedError(message, code=_text(said.get("codigo")) or "provider_refused")


def _json(reply: http.Reply) -> dict[str, Any]:
    try:
        said = reply.json()
    except ValueError:
        said = None
    if isinstance(said, dict):
        return said
    if reply.ok:
        raise ProviderDownError(_("Focus NFe gave an answer that nobody can read."), is_unknown=True)
    return {}


def _errors(said: dict[str, Any]) -> tuple[str, ...]:
    found = said.get("erros")
    errors = [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []
    return tuple(_words(error) for error in errors)[:20]


def _words(error: dict[str, Any]) -> str:
    parts = [_text(error.get(name)) for name in ("codigo", "mensagem", "correcao")]
    return ": ".join(part for part in parts if part)[:500]


def _text(value: Any) -> str:
    return str(value).strip()[:500] if isinstance(value, str | int) and not isinstance(value, bool) else ""
