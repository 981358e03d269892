from pydantic import Field

from gateways.formats.servers import Secret, TwoServers, long_enough


class WahaConfig(TwoServers):
    """How to reach a WAHA server; ``hmac_key`` set means that unsigned webhooks are refused."""

    session: str = Field(default="default", pattern=r"^[A-Za-z0-9_-]{1,60}$")
    hmac_key: Secret = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Api-Key": self.key} if self.key else {}

    @property
    def secrets(self) -> list[str]:
        """What must not be kept in stored payloads."""
        return long_enough(self.api_key, self.second_key, self.hmac_key)
