from core.errors import DomainError


class ChannelConfigError(DomainError):
    """The provider's settings are incomplete or wrong."""


class ChannelLimitError(DomainError):
    """The plan allows no more numbers."""
