from http import HTTPStatus

from core.errors import DomainError


class CampaignStateError(DomainError):
    """The campaign's state does not allow the action."""


class CampaignIncompleteError(DomainError):
    """Something that was typed or sent is missing or wrong; ``code`` names the field."""

    status: int = HTTPStatus.UNPROCESSABLE_ENTITY


class EmptyAudienceError(CampaignIncompleteError):
    """Nobody in the lists may receive the campaign."""

    status: int = HTTPStatus.CONFLICT


class RecipientStateError(CampaignStateError):
    """The recipient is not in the state that the action is for."""
