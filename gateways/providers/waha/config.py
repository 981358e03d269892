from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, HttpUrl

SHORTEST_SECRET = 6


def _text(value: Any) -> Any:
    return "" if value is None else value


Optional = BeforeValidator(_text)


class WahaConfig(BaseModel):
    """How to reach a WAHA server; ``hmac_key`` set means that unsigned webhooks are refused."""

    base_url: HttpUrl
    # It travels in a header, where a line break or a letter with an accent would break the request.
    api_key: Annotated[str, Optional] = Field(default="", max_length=300, pattern=r"^[\x21-\x7e]*$")
    session: str = Field(default="default", pattern=r"^[A-Za-z0-9_-]{1,60}$")
    hmac_key: Annotated[str, Optional] = Field(default="", max_length=300)

    def address(self, path: str) -> str:
        return str(self.base_url).rstrip("/") + path

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Api-Key": self.api_key} if self.api_key else {}

    @property
    def secrets(self) -> list[str]:
        """What must not be kept in stored payloads; very short ones would also be found in innocent words."""
        return [secret for secret in (self.api_key, self.hmac_key) if len(secret) >= SHORTEST_SECRET]
