"""The Responses API of OpenAI, or of any server that speaks it: one strict JSON object per question."""

from collections.abc import Mapping
from typing import Any

import openai
import orjson
from openai.types.responses import Response, ResponseFormatTextJSONSchemaConfigParam

from sdr.contract import Account, ModelAnswerError, ModelUnavailableError, Usage
from sdr.providers.openai.patience import PatientTransport

CONNECT_SECONDS = 3.0
MAX_OUTPUT_TOKENS = 4000


def client_for(account: Account) -> openai.OpenAI:
    """Return a client that neither waits for ever nor repeats a paid call by itself."""
    timeout = openai.Timeout(account.seconds, connect=CONNECT_SECONDS)
    http = openai.DefaultHttpxClient(transport=PatientTransport(CONNECT_SECONDS + account.seconds))
    return openai.OpenAI(
        api_key=account.api_key, base_url=account.base_url or None, timeout=timeout, max_retries=0, http_client=http
    )


def ask(
    account: Account, task: str, content: Mapping[str, Any], *, name: str, schema: dict[str, Any]
) -> tuple[dict[str, Any], Usage]:
    """Ask for one object of a schema; nothing is stored on the other side (``store=False``).

    Raises :class:`~sdr.contract.ModelUnavailableError` when nothing was answered, :class:`~sdr.contract.ModelAnswerError`
    when the answer cannot be used; the latter knows what it cost.
    """
    asked = ResponseFormatTextJSONSchemaConfigParam(type="json_schema", name=name, schema=schema, strict=True)
    response = _create(account, task, content, asked)
    usage = _usage(account.model, response)
    return _object(response, usage), usage


def _create(
    account: Account, task: str, content: Mapping[str, Any], asked: ResponseFormatTextJSONSchemaConfigParam
) -> Response:
    try:
        with client_for(account) as client:
            response = client.responses.create(
                model=account.model,
                instructions=task,
                input=orjson.dumps(content).decode(),
                text={"format": asked},
                max_output_tokens=MAX_OUTPUT_TOKENS,
                store=False,
            )
    except (openai.APIResponseValidationError, ValueError) as error:
        # A proxy's page in HTML reaches us as a bare JSONDecodeError.
        raise ModelAnswerError("the model's answer cannot be read") from error
    except openai.OpenAIError as error:
        # The message of an authentication error repeats part of the key: it is not kept.
        raise ModelUnavailableError(f"{type(error).__name__} {getattr(error, 'status_code', '')}".strip()) from error
    if not isinstance(response, Response):
        # With JSON that is no object the SDK hands over what it got.
        raise ModelAnswerError("the model's answer cannot be read")
    return response


def _usage(model: str, response: Response) -> Usage:
    used = response.usage
    return Usage(model, used.input_tokens, used.output_tokens) if used else Usage(model)


def _object(response: Response, usage: Usage) -> dict[str, Any]:
    if response.status not in {"completed", None}:
        raise ModelAnswerError(f"the model's answer is {response.status}", usage)
    try:
        data = orjson.loads(response.output_text)
    except (orjson.JSONDecodeError, AttributeError, TypeError) as error:
        # Nothing, a refusal or prose in place of the object.
        raise ModelAnswerError("the model's answer is not JSON", usage) from error
    if not isinstance(data, dict):
        raise ModelAnswerError("the model's answer is not an object", usage)
    return data
