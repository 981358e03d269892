from pydantic import Field

from gateways.formats.graph import GraphConfig


class CloudConfig(GraphConfig):
    """An official WhatsApp number: its id, and that of the WhatsApp Business account which owns its templates."""

    phone_number_id: str = Field(pattern=r"^[0-9]{3,40}$")
    waba_id: str = Field(pattern=r"^[0-9]{3,40}$")
