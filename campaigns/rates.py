"""The two rates of the product, defined once, in percent with two decimals."""


def success_rate(*, sent: int, failed: int, invalid: int) -> float:
    """Return sent / (sent + failed + invalid) × 100; what is pending or to be confirmed does not count."""
    tried = sent + failed + invalid
    return round(sent / tried * 100, 2) if tried else 0.0


def conversion_rate(*, closed_deals: int, sent: int) -> float:
    """Return closed deals / sent × 100."""
    return round(closed_deals / sent * 100, 2) if sent else 0.0
