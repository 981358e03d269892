"""The two rates of the product, defined once."""


def success_rate(*, sent: int, failed: int, invalid: int) -> float:
    """Return sent / (sent + failed + invalid) in percent; what is pending does not count."""
    tried = sent + failed + invalid
    return round(sent / tried * 100, 1) if tried else 0.0


def conversion_rate(*, closed_deals: int, sent: int) -> float:
    """Return closed deals / sent in percent."""
    return round(closed_deals / sent * 100, 1) if sent else 0.0
