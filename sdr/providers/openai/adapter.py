from sdr.providers.adapter import StructuredProvider
from sdr.providers.openai.wire import ask


def provider() -> StructuredProvider:
    return StructuredProvider("openai", "OpenAI", ask)
