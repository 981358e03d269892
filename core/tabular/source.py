"""The uploaded bytes, which are read several times: to recognise them, to preview them and to import them."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

CHUNK = 1024 * 1024


class Source:
    """A path, or an open seekable file that is left open."""

    def __init__(self, origin: Path | str | BinaryIO) -> None:
        self._origin = Path(origin) if isinstance(origin, str) else origin

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Yield the file at its beginning."""
        if isinstance(self._origin, Path):
            with self._origin.open("rb") as file:
                yield file
        else:
            self._origin.seek(0)
            yield self._origin

    @contextmanager
    def text(self, encoding: str, errors: str) -> Iterator[io.TextIOWrapper]:
        """Yield the file as text with its line ends as they are."""
        with self.opened() as file:
            raw = file if isinstance(file, io.BufferedIOBase) else cast(BinaryIO, _Readable(file))
            wrapper = io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline="")
            try:
                yield wrapper
            finally:
                if isinstance(self._origin, Path):
                    wrapper.close()
                else:
                    wrapper.detach()

    def size(self) -> int:
        with self.opened() as file:
            return file.seek(0, io.SEEK_END)

    def head(self, length: int) -> bytes:
        with self.opened() as file:
            return file.read(length)

    def chunks(self) -> Iterator[bytes]:
        with self.opened() as file:
            while chunk := file.read(CHUNK):
                yield chunk


class _Readable(io.RawIOBase):
    """Gives a file of Django's storage or upload the interface that text wrappers ask for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # typeshed names the protocol differently per version
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)
