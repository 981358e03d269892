"""Texts as numbers, by OpenAI's embeddings."""

from collections.abc import Sequence

import openai

from sdr.contract import Account, Embedded, ModelAnswerError, ModelUnavailableError, Usage
from sdr.providers.openai.wire import client_for

MODEL = "text-embedding-3-small"


def embed(account: Account, texts: Sequence[str], dimensions: int) -> Embedded:
    """Return one vector per text."""
    try:
        with client_for(account) as client:
            answer = client.embeddings.create(
                model=MODEL, input=list(texts), dimensions=dimensions, encoding_format="float"
            )
    except (openai.APIResponseValidationError, ValueError) as error:
        raise ModelAnswerError("the embeddings cannot be read") from error
    except openai.OpenAIError as error:
        raise ModelUnavailableError(f"{type(error).__name__} {getattr(error, 'status_code', '')}".strip()) from error
    vectors = tuple(tuple(item.embedding) for item in sorted(answer.data or [], key=lambda item: item.index))
    usage = Usage(MODEL, answer.usage.prompt_tokens if answer.usage else 0)
    if len(vectors) != len(texts) or any(len(vector) != dimensions for vector in vectors):
        raise ModelAnswerError("there is not one embedding per text", usage)
    return Embedded(vectors, usage)
