"""A Stripe server on loopback that keeps its promises: typed parameters, idempotency, amounts, signed webhooks.

Requests are checked against the SDK's own parameter types. ``pay``, ``refund_settles`` and the like are what customers,
banks and Stripe itself do; each leaves events, which ``deliver`` hands over signed.
"""

import copy
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

import stripe
from stripe.params import RefundCreateParams, RefundListParams
from stripe.params.checkout import SessionCreateParams, SessionExpireParams, SessionListParams, SessionRetrieveParams

from tests.support.loopback import JsonHandler, listening
from tests.support.stripe_params import decoded, errors

KEY = "sk_test_" + "a1B2" * 6
SECRET = "whsec_" + "c3D4" * 8
LEAST_CENTS = 50


class RefusedError(Exception):
    def __init__(self, status: int, kind: str, message: str, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, "code": code, "param": param}}


@dataclass
class FakeStripe:
    """``calls`` counts requests by ``METHOD path-without-ids``; ``effects`` counts what was created, by idempotency key."""

    url: str = ""
    key: str = KEY
    has_pix: bool = True
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    charges: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    versions: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    refunds_settle: bool = True
    before_answer: Callable[[str], None] | None = None
    _replies: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _number: int = 0

    # What the world does.

    def pay(self, session_id: str, *, amount: int | None = None) -> None:
        """The customer pays on the page."""
        session = self.sessions[session_id]
        assert session["status"] == "open", "only an open page can be paid"
        self._complete(session, amount or session["amount_total"])
        self._emit("payment_intent.succeeded", self.intents[session["payment_intent"]])
        self._emit("charge.succeeded", self._charge_of(session))
        self._emit("checkout.session.completed", session)

    def pay_later(self, session_id: str) -> None:
        """The customer took the Pix code; the bank has not answered."""
        session = self.sessions[session_id]
        session |= {"status": "complete", "url": None}
        self._emit("checkout.session.completed", session)

    def bank_answers(self, session_id: str, *, paid: bool) -> None:
        session = self.sessions[session_id]
        if paid:
            self._complete(session, session["amount_total"])
        self._emit(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)

    def expire(self, session_id: str) -> None:
        session = self.sessions[session_id]
        session |= {"status": "expired", "url": None}
        self._emit("checkout.session.expired", session)

    def refund_settles(self, refund_id: str, status: str = "succeeded") -> None:
        refund = self.refunds[refund_id]
        charge = self.charges[refund["charge"]]
        if status in ("failed", "canceled"):
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
        refund["status"] = status
        self._emit("refund.failed" if status == "failed" else "refund.updated", refund)

    def refund_from_dashboard(self, session_id: str, amount: int | None = None) -> str:
        """The owner gives the money back at Stripe, without us."""
        intent = self.sessions[session_id]["payment_intent"]
        body = {"payment_intent": intent} | ({"amount": amount} if amount else {})
        return str(self._create_refund(body)["id"])

    def dispute(self, session_id: str) -> None:
        charge = self._charge_of(self.sessions[session_id])
        charge["disputed"] = True
        self._emit("charge.dispute.created", {"id": self._id("dp"), "object": "dispute", "charge": charge["id"],
                                              "payment_intent": charge["payment_intent"]})  # fmt: skip

    def deliver(self, post: Callable[[bytes, str], Any], events: list[dict[str, Any]] | None = None) -> list[Any]:
        """Hand events over as Stripe does: raw body and signature header."""
        return [post(*signed(event)) for event in (self.events if events is None else events)]

    # What the API does.

    def answer(
        self, method: str, path: str, query: str, body: str, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        with self._lock:
            route = f"{method} {_without_ids(path)}"
            self.calls[route] += 1
            self.versions.add(headers.get("stripe-version", ""))
            if headers.get("authorization") != f"Bearer {self.key}":
                raise RefusedError(401, "invalid_request_error", "Invalid API Key provided")
            key = headers.get("idempotency-key", "")
            if method == "POST" and key in self._replies:
                sent, status, answer = self._replies[key]
                if sent != path + body:
                    raise RefusedError(
                        400,
                        "idempotency_error",
                        "Keys for idempotent requests can only be used with the same parameters",
                    )
                return status, answer
            answer = self._route(method, path, query, body)
            if method == "POST":
                self.effects[key] += 1
                self._replies[key] = (path + body, 200, answer)
            return 200, answer

    def keep(self) -> dict[str, Any]:
        """Return everything as it is now, for :meth:`restore`."""
        return copy.deepcopy({name: getattr(self, name) for name in ("sessions", "intents", "charges", "refunds")})

    def restore(self, kept: dict[str, Any]) -> None:
        for name, value in copy.deepcopy(kept).items():
            setattr(self, name, value)

    def _route(self, method: str, path: str, query: str, body: str) -> dict[str, Any]:
        parts = path.strip("/").split("/")[1:]
        match [method, *parts]:
            case ["POST", "checkout", "sessions"]:
                return self._create_session(_checked(SessionCreateParams, body))
            case ["GET", "checkout", "sessions"]:
                intent = _checked(SessionListParams, query).get("payment_intent")
                found_all = [s for s in self.sessions.values() if s["payment_intent"] == intent]
                return {"object": "list", "data": found_all, "has_more": False, "url": "/v1/checkout/sessions"}
            case ["GET", "checkout", "sessions", found]:
                return self._shown(found, _checked(SessionRetrieveParams, query))
            case ["POST", "checkout", "sessions", found, "expire"]:
                return self._expire(found, _checked(SessionExpireParams, body))
            case ["POST", "refunds"]:
                return self._create_refund(_checked(RefundCreateParams, body))
            case ["GET", "refunds"]:
                intent = _checked(RefundListParams, query).get("payment_intent")
                found_all = [r for r in self.refunds.values() if r["payment_intent"] == intent]
                return {"object": "list", "data": found_all, "has_more": False, "url": "/v1/refunds"}
            case ["GET", "account"]:
                return {
                    "id": "acct_1Teste", "object": "account", "country": "BR", "charges_enabled": True,
                    "business_profile": {"name": "Acme"},
                    "capabilities": {"card_payments": "active"} | ({"pix_payments": "active"} if self.has_pix else {}),
                }  # fmt: skip
            case ["GET", "balance"]:
                return {"object": "balance", "livemode": False, "available": [], "pending": []}
        raise RefusedError(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path})")

    def _create_session(self, params: dict[str, Any]) -> dict[str, Any]:
        amount = sum(i["price_data"]["unit_amount"] * i["quantity"] for i in params["line_items"])
        if amount < LEAST_CENTS:
            raise RefusedError(
                400,
                "invalid_request_error",
                "The Checkout Session's total amount must convert to at least R$ 0.50",
                "amount_too_small",
            )
        if "pix" in params.get("allowed_payment_method_types", []) and not self.has_pix:
            raise RefusedError(
                400,
                "invalid_request_error",
                "The payment method type provided: pix is invalid.",
                "payment_method_unactivated",
            )
        left = params.get("expires_at", time.time() + 86_400) - time.time()
        if not 1_790 <= left <= 86_410:
            raise RefusedError(
                400,
                "invalid_request_error",
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
                param="expires_at",
            )
        identity = self._id("cs_test")
        session = {
            "id": identity, "object": "checkout.session", "mode": params["mode"], "status": "open", "payment_status": "unpaid",
            "url": f"https://checkout.stripe.com/c/pay/{identity}", "amount_total": amount, "currency": "brl",
            "client_reference_id": params.get("client_reference_id"), "metadata": params.get("metadata", {}),
            "payment_intent": None, "expires_at": params.get("expires_at"), "livemode": False,
            "intent_metadata": params.get("payment_intent_data", {}).get("metadata", {}),
        }  # fmt: skip
        self.sessions[identity] = session
        return dict(session)

    def _shown(self, identity: str, params: dict[str, Any]) -> dict[str, Any]:
        session = dict(self._session(identity))
        intent = self.intents.get(session["payment_intent"] or "")
        if intent and "payment_intent.latest_charge" in params.get("expand", []):
            session["payment_intent"] = dict(intent) | {"latest_charge": dict(self.charges[intent["latest_charge"]])}
        return session

    def _expire(self, identity: str, _params: dict[str, Any]) -> dict[str, Any]:
        if self._session(identity)["status"] != "open":
            raise RefusedError(
                400, "invalid_request_error", "Only Checkout Sessions with a status of `open` can be expired."
            )
        self.expire(identity)
        return dict(self._session(identity))

    def _session(self, identity: str) -> dict[str, Any]:
        if identity not in self.sessions:
            raise RefusedError(
                404, "invalid_request_error", f"No such checkout.session: {identity}", "resource_missing"
            )
        return self.sessions[identity]

    def _complete(self, session: dict[str, Any], amount: int) -> None:
        intent, charge = self._id("pi"), self._id("ch")
        self.intents[intent] = {
            "id": intent, "object": "payment_intent", "amount": amount, "currency": "brl", "status": "succeeded",
            "latest_charge": charge, "metadata": session["intent_metadata"],
        }  # fmt: skip
        self.charges[charge] = {
            "id": charge, "object": "charge", "amount": amount, "currency": "brl", "paid": True, "payment_intent": intent,
            "amount_refunded": 0, "refunded": False, "disputed": False, "created": int(time.time()),
        }  # fmt: skip
        session |= {
            "status": "complete",
            "payment_status": "paid",
            "url": None,
            "payment_intent": intent,
            "amount_total": amount,
        }

    def _create_refund(self, params: dict[str, Any]) -> dict[str, Any]:
        intent = self.intents.get(params["payment_intent"])
        if intent is None:
            raise RefusedError(404, "invalid_request_error", "No such payment_intent", "resource_missing")
        charge = self.charges[intent["latest_charge"]]
        amount = params.get("amount", charge["amount"] - charge["amount_refunded"])
        if charge["refunded"]:
            raise RefusedError(
                400,
                "invalid_request_error",
                f"Charge {charge['id']} has already been refunded.",
                "charge_already_refunded",
            )
        if amount > charge["amount"] - charge["amount_refunded"]:
            raise RefusedError(
                400,
                "invalid_request_error",
                "Refund amount is greater than unrefunded amount on charge",
                "amount_too_large",
            )
        if charge["disputed"]:
            raise RefusedError(400, "invalid_request_error", "This charge has been charged back.", "charge_disputed")
        identity = self._id("re")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.refunds[identity] = {
            "id": identity, "object": "refund", "amount": amount, "currency": "brl", "charge": charge["id"],
            "payment_intent": intent["id"], "status": "succeeded" if self.refunds_settle else "pending",
            "metadata": params.get("metadata", {}),
        }  # fmt: skip
        self._emit("refund.created", self.refunds[identity])
        self._emit("charge.refunded", charge)
        return dict(self.refunds[identity])

    def _charge_of(self, session: dict[str, Any]) -> dict[str, Any]:
        return self.charges[self.intents[session["payment_intent"]]["latest_charge"]]

    def _emit(self, kind: str, about: dict[str, Any]) -> None:
        self.events.append(
            {
                "id": self._id("evt"), "object": "event", "api_version": "2026-10-28.endive", "created": int(time.time()),
                "type": kind, "livemode": False, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
                "data": {"object": json.loads(json.dumps(about))},
            }
        )  # fmt: skip

    def _id(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}_{self._number:06d}"


def signed(event: dict[str, Any], *, secret: str = SECRET, at: int | None = None) -> tuple[bytes, str]:
    body = json.dumps(event)
    return body.encode(), stripe.WebhookSignature.generate_signature_header(body, secret, at)


def _checked(kind: Any, body: str) -> dict[str, Any]:
    params = decoded(kind, body)
    wrong = errors(kind, params)
    if wrong:
        raise RefusedError(
            400,
            "invalid_request_error",
            f"Received unknown parameter or value: {'; '.join(wrong)}",
            "parameter_unknown",
        )
    return params


def _without_ids(path: str) -> str:
    return "/".join(":id" if "_" in part and any(c.isdigit() for c in part) else part for part in path.split("/"))


@contextmanager
def fake_stripe() -> Iterator[FakeStripe]:
    """Serve a new account on a free port."""
    fake = FakeStripe()

    class Handler(JsonHandler):
        protocol_version = "HTTP/1.1"
        always: ClassVar[dict[str, str]] = {"Request-Id": "req_1"}

        def serve(self) -> None:
            body = self.body().decode()
            parts = urlsplit(self.path)
            fault = fake.faults.pop(0) if fake.faults else ""
            if fault == "503":
                return self.write(503, {"error": {"type": "api_error", "message": "down"}})
            if fault == "429":
                return self.write(
                    429, {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "slow"}}
                )
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status, answer = fake.answer(self.command, parts.path, parts.query, body, headers)
            except RefusedError as refused:
                status, answer = refused.status, refused.body
            if fake.before_answer:
                fake.before_answer(f"{self.command} {parts.path}")
            if fault == "cut":
                self.close_connection = True
                return None
            return self.write(status, answer)

    with listening(Handler) as fake.url:
        yield fake


__all__ = ["KEY", "SECRET", "FakeStripe", "fake_stripe", "signed"]
