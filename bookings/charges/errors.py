from core.errors import DomainError


class NoChatError(DomainError):
    """There is no number of ours, or no phone of theirs, to write with."""
