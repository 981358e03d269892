from pydantic import Field

from gateways.formats.servers import Secret, TwoServers, long_enough


class EvolutionConfig(TwoServers):
    """How to reach an Evolution API v2 server; ``hook_secret`` is the header that its webhooks must carry.

    ``integration`` is how the server itself reaches WhatsApp; ``EVOLUTION`` is its own channel without a phone.
    """

    instance: str = Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")
    integration: str = Field(default="WHATSAPP-BAILEYS", pattern=r"^(WHATSAPP-BAILEYS|EVOLUTION)$")
    hook_secret: Secret = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"apikey": self.key} if self.key else {}

    @property
    def secrets(self) -> list[str]:
        return long_enough(self.api_key, self.second_key, self.hook_secret)
