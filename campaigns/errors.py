from http import HTTPStatus

from core.errors import DomainError


class CampaignStateError(DomainError):
    """The campaign's state does not allow the action."""


class CampaignInputError(DomainError):
    """Something that was typed or sent is missing or wrong; ``field`` names it."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message, code=field)
        self.field = field


class EmptyAudienceError(DomainError):
    """Nobody in the lists may receive the campaign."""


class RecipientStateError(DomainError):
    """The recipient is not in the state that the action is for."""
