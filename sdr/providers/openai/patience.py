"""A limit for a whole answer: the SDK's own is for each wait, and whoever gives a byte now and then would be waited for without end."""

import time
from collections.abc import Iterator

import httpx2


class _Until(httpx2.SyncByteStream):
    """The bytes of an answer up to a moment of the monotonic clock."""

    def __init__(self, stream: httpx2.SyncByteStream, ends: float) -> None:
        self._stream, self._ends = stream, ends

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            if time.monotonic() > self._ends:
                raise httpx2.ReadTimeout("the answer took too long")
            yield part

    def close(self) -> None:
        self._stream.close()


class PatientTransport(httpx2.HTTPTransport):
    """Raises ``ReadTimeout`` when an answer is not whole after so many seconds, however busily it comes."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        ends = time.monotonic() + self._seconds
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _Until(response.stream, ends)
        return response
