from typing import Annotated

from pydantic import BaseModel, Field, HttpUrl

from gateways.formats.servers import Secret, long_enough


class TelegramConfig(BaseModel):
    """A bot; its token is part of every address, so addresses are never logged."""

    token: Annotated[str, Field(pattern=r"^[0-9]{3,20}:[A-Za-z0-9_-]{10,80}$")]
    hook_secret: Secret = ""
    base_url: HttpUrl = HttpUrl("https://api.telegram.org")

    def address(self, method: str) -> str:
        return f"{str(self.base_url).rstrip('/')}/bot{self.token}/{method}"

    def file_address(self, path: str) -> str:
        return f"{str(self.base_url).rstrip('/')}/file/bot{self.token}/{path}"

    @property
    def secrets(self) -> list[str]:
        return long_enough(self.token, self.hook_secret)
