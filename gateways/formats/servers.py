"""Servers that a business runs itself: one, and perhaps a second on standby."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, HttpUrl

SHORTEST_SECRET = 6


def _absent(value: Any) -> Any:
    return "" if value is None else value


def _no_address(value: Any) -> Any:
    return None if value == "" else value


Optional = BeforeValidator(_absent)
# A key travels in a header, where a line break or a letter with an accent would break the request.
Key = Annotated[str, Optional, Field(max_length=300, pattern=r"^[\x21-\x7e]*$")]
Secret = Annotated[str, Optional, Field(max_length=300)]


class TwoServers(BaseModel):
    """How to reach a gateway's server; ``second_url`` is the one on standby and ``on_second`` says which of them serves."""

    base_url: HttpUrl
    api_key: Key = ""
    second_url: Annotated[HttpUrl | None, BeforeValidator(_no_address)] = None
    second_key: Key = ""
    on_second: bool = False

    @property
    def server(self) -> str:
        """The address of the server that serves now, without a slash at its end."""
        return str(self.second_url if self.on_second and self.second_url else self.base_url).rstrip("/")

    @property
    def key(self) -> str:
        """The key of the server that serves now; a second server without one of its own has the same."""
        return (self.second_key or self.api_key) if self.on_second and self.second_url else self.api_key

    def address(self, path: str) -> str:
        return self.server + path


def long_enough(*secrets: str) -> list[str]:
    """Return the secrets that must not be kept in stored payloads; very short ones are also found in innocent words."""
    return [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]


def blotted(body: bytes, secrets: list[str]) -> bytes:
    """Return the body without the secrets, in JSON's spelling too."""
    for secret in secrets:
        for form in {secret.encode(), secret.replace("\\", "\\\\").replace('"', '\\"').encode()}:
            body = body.replace(form, b"[redacted]")
    return body
