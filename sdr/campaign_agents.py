"""Which agent talks to whom a campaign has written to. Campaigns live a step above: they register what they know when the apps are ready."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

Choice = tuple[UUID, str]


@dataclass(frozen=True)
class CampaignBook:
    """``choices`` are the campaigns of the active organization, newest first; ``by_agent`` those that have one, by agent.

    ``choose(agent, campaigns)`` gives an agent exactly these campaigns, taking them from others; ``agent_of(contact)`` returns the
    agent of the campaign that wrote to a contact last.
    """

    choices: Callable[[], list[Choice]]
    by_agent: Callable[[], dict[UUID, list[Choice]]]
    choose: Callable[[UUID, Sequence[UUID]], None]
    agent_of: Callable[[UUID], UUID | None]


_NONE = CampaignBook(lambda: [], lambda: {}, lambda agent, campaigns: None, lambda contact: None)
_books: list[CampaignBook] = [_NONE]


def register(book: CampaignBook) -> None:
    """Let the campaigns have their say; registering again replaces."""
    _books[:] = [book]


def campaign_book() -> CampaignBook:
    return _books[0]
