from pydantic import BaseModel, Field, HttpUrl


class WahaConfig(BaseModel):
    """How to reach a WAHA server; ``hmac_key`` set means that unsigned webhooks are refused."""

    base_url: HttpUrl
    api_key: str = Field(default="", max_length=300)
    session: str = Field(default="default", pattern=r"^[A-Za-z0-9_-]{1,60}$")
    hmac_key: str = Field(default="", max_length=300)

    def address(self, path: str) -> str:
        return str(self.base_url).rstrip("/") + path

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Api-Key": self.api_key} if self.api_key else {}
