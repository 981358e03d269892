"""Meta's calls about official templates: submitted, looked up, taken off (TPL-01)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from gateways.calls import Answer, HttpCall, HttpReply, Operation
from gateways.formats.graph import refused
from gateways.formats.loose import inside, listing, mapping, text, word
from gateways.providers.cloud.config import CloudConfig

FIELDS = "id,name,status,category,language,components,rejected_reason,quality_score"
PAGE, MOST_PAGES = 100, 50
SECONDS = 20.0


@dataclass(frozen=True)
class RemoteTemplate:
    """A template as Meta has it; texts are empty where Meta did not send the components."""

    external_id: str
    name: str
    language: str
    status: str
    category: str
    reason: str = ""
    quality: str = ""
    header: str = ""
    body: str = ""
    footer: str = ""
    buttons: tuple[dict[str, Any], ...] = ()
    examples: tuple[str, ...] = ()
    has_media: bool = False


@dataclass(frozen=True)
class Refused:
    """What Meta said instead of doing it; ``is_certain`` is False when it may have been done."""

    code: str
    detail: str
    is_certain: bool = True


def create_template(config: CloudConfig, payload: Mapping[str, Any]) -> Operation[RemoteTemplate | Refused]:
    url = config.address(f"{config.waba_id}/message_templates")
    reply = yield HttpCall("POST", url, config.headers, dict(payload), effectful=True, timeout_seconds=SECONDS)
    return _refused(reply) or _made(reply, payload)


def _made(reply: Answer, payload: Mapping[str, Any]) -> RemoteTemplate | Refused:
    answer = mapping(reply.json()) if isinstance(reply, HttpReply) else {}
    identifier = word(answer.get("id"))
    if not identifier:
        return Refused("no_id", "", is_certain=False)
    status, category = text(answer.get("status")) or "PENDING", text(answer.get("category")) or payload["category"]
    return RemoteTemplate(identifier, payload["name"], payload["language"], status, category)


def list_templates(config: CloudConfig) -> Operation[list[RemoteTemplate] | Refused]:
    """Return every template of the account, however many pages they fill."""
    found: list[RemoteTemplate] = []
    after = ""
    for _page in range(MOST_PAGES):
        query = {"fields": FIELDS, "limit": str(PAGE)} | ({"after": after} if after else {})
        url = config.address(f"{config.waba_id}/message_templates?{urlencode(query)}")
        reply = yield HttpCall("GET", url, config.headers, timeout_seconds=SECONDS)
        trouble = _refused(reply)
        if trouble:
            return trouble
        answer = mapping(reply.json() if isinstance(reply, HttpReply) else None)
        found += [_read(mapping(one)) for one in listing(answer.get("data")) if mapping(one).get("name")]
        # Only the cursor is taken from the answer: its whole "next" address would be followed blindly.
        after = text(inside(answer, "paging", "cursors", "after"))
        if not inside(answer, "paging", "next") or not after:
            return found
    return Refused("pages", "", is_certain=False)


def delete_template(config: CloudConfig, name: str, external_id: str) -> Operation[Refused | None]:
    """Take one template off, in one language: the name alone would take all of them."""
    query = urlencode({"name": name, "hsm_id": external_id})
    url = config.address(f"{config.waba_id}/message_templates?{query}")
    reply = yield HttpCall("DELETE", url, config.headers, timeout_seconds=SECONDS)
    return _refused(reply)


def _refused(reply: Answer) -> Refused | None:
    result = refused(reply)
    if result is None:
        return None
    return Refused(result.code, result.detail, is_certain=result.outcome.value != "unknown")


def _read(answer: Mapping[str, Any]) -> RemoteTemplate:
    parts = {text(mapping(one).get("type")).upper(): mapping(one) for one in listing(answer.get("components"))}
    header, body = parts.get("HEADER", {}), parts.get("BODY", {})
    examples = listing(inside(body, "example", "body_text"))
    reason = text(answer.get("rejected_reason"))
    return RemoteTemplate(
        external_id=word(answer.get("id")),
        name=text(answer.get("name"))[:512],
        language=text(answer.get("language"))[:20],
        status=text(answer.get("status"))[:30].upper(),
        category=text(answer.get("category"))[:20].upper(),
        reason="" if reason.upper() == "NONE" else reason[:500],
        quality=text(inside(answer, "quality_score", "score"))[:10].upper(),
        header=text(header.get("text"))[:60],
        body=text(body.get("text")),
        footer=text(inside(parts, "FOOTER", "text"))[:60],
        buttons=tuple(mapping(one) for one in listing(inside(parts, "BUTTONS", "buttons"))),
        examples=tuple(text(one) for one in listing(examples[0] if examples else None)),
        has_media=bool(header) and text(header.get("format")).upper() not in {"", "TEXT"},
    )
