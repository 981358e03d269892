from pydantic import BaseModel, Field, HttpUrl

from gateways.formats.servers import Key, long_enough


class MegaConfig(BaseModel):
    """An instance at megaapi.com.br; its panel says on which of their hosts it lives."""

    base_url: HttpUrl
    token: Key
    instance_key: str = Field(pattern=r"^[A-Za-z0-9_-]{3,80}$")

    def address(self, path: str) -> str:
        return f"{str(self.base_url).rstrip('/')}/rest{path}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def secrets(self) -> list[str]:
        return long_enough(self.token)
