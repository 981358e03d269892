"""Texts as numbers, by Gemini. https://ai.google.dev/api/embeddings"""

from collections.abc import Sequence
from typing import Any

from sdr.contract import Account, Embedded, ModelAnswerError, Usage
from sdr.providers.gemini.wire import url_of
from sdr.providers.posting import post

MODEL = "gemini-embedding-001"
LETTERS_PER_TOKEN = 4


def embed(account: Account, texts: Sequence[str], dimensions: int) -> Embedded:
    """Return one vector per text. The service does not say what it read: the letters are counted instead."""
    requests = [
        {"model": f"models/{MODEL}", "content": {"parts": [{"text": text}]}, "outputDimensionality": dimensions}
        for text in texts
    ]
    data = post(
        account, url_of(account, MODEL, "batchEmbedContents"), {"requests": requests}, {"x-goog-api-key": account.api_key},
        allow_private=bool(account.base_url),
    )  # fmt: skip
    usage = Usage(MODEL, sum(map(len, texts)) // LETTERS_PER_TOKEN)
    found = data.get("embeddings")
    vectors = [_numbers(item) for item in found] if isinstance(found, list) else []
    if len(vectors) != len(texts) or any(len(vector) != dimensions for vector in vectors):
        raise ModelAnswerError("there is not one embedding per text", usage)
    return Embedded(tuple(vectors), usage)


def _numbers(item: Any) -> tuple[float, ...]:
    values = item.get("values") if isinstance(item, dict) else None
    return tuple(float(number) for number in values) if isinstance(values, list) else ()
