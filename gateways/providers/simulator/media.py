"""The files that virtual contacts send: a hummed voice note and a drawn portrait, small and of nobody."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "files"
ADDRESS = "simulator://media/"


@dataclass(frozen=True)
class Sample:
    filename: str
    mimetype: str

    @property
    def url(self) -> str:
        return ADDRESS + self.filename


SAMPLES = {"audio": Sample("voz.ogg", "audio/ogg"), "image": Sample("foto.jpg", "image/jpeg")}


@cache
def sample_bytes(url: str) -> bytes | None:
    """Return the file behind an address of ours, or None."""
    known = next((sample for sample in SAMPLES.values() if sample.url == url), None)
    return (FOLDER / known.filename).read_bytes() if known else None
