"""What a call of a model costs, in millionths of a real."""

from django.conf import settings

from sdr.contract import Usage

# Reais per million tokens, read and written. Lists and exchange rates move: the AI_PRICES setting wins over these.
PRICES: dict[str, tuple[float, float]] = {
    "gpt-4o-mini": (0.85, 3.40),
    "gpt-4.1-mini": (2.20, 8.80),
    "gpt-4o": (14.00, 56.00),
    "gpt-4.1": (11.00, 44.00),
    "text-embedding-3-small": (0.12, 0.0),
    "claude-sonnet-4-5": (17.00, 84.00),
    "claude-haiku-4-5": (5.60, 28.00),
    "gemini-2.5-flash": (1.70, 14.00),
    "gemini-2.5-flash-lite": (0.56, 2.24),
    "gemini-embedding-001": (0.84, 0.0),
}


def cost_micros(usage: Usage) -> int:
    """Return what the tokens cost; a model without a price counts as the dearest, so that nothing looks free."""
    if not usage.input_tokens and not usage.output_tokens:
        return 0
    prices = PRICES | {model: (float(read), float(written)) for model, (read, written) in settings.AI_PRICES.items()}
    read, written = prices.get(usage.model) or max(prices.values())
    return round(usage.input_tokens * read + usage.output_tokens * written)
