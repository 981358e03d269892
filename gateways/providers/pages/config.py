from pydantic import Field

from gateways.formats.graph import GraphConfig


class PageConfig(GraphConfig):
    """A Facebook page, or the Instagram account behind it; ``account_id`` is how webhooks name it."""

    page_id: str = Field(pattern=r"^[0-9]{3,40}$")
    account_id: str = Field(pattern=r"^[0-9]{3,40}$")
