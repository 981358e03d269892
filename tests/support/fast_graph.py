"""Meta's Graph API as far as sending goes, in a process of its own: it counts, and refuses what is above a number's throughput.

Each number may send ``--rate`` messages a second, with as many saved up; more is answered with Meta's code 130429.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import orjson
import uvloop

from tests.support.fake_http import Request, Response, listen

LIMITED = {"error": {"message": "(#130429) Rate limit hit", "code": 130429, "error_data": {"details": "throughput"}}}
ANSWER = b'{"messaging_product":"whatsapp","contacts":[{"input":"%b","wa_id":"%b"}],"messages":[{"id":"wamid.%d"}]}'


class FastGraph:
    """``history`` gets a line for each message: when it came, from which number, to whom, and whether it was taken."""

    def __init__(self, history: Path, rate: float, latency_ms: float) -> None:
        self.rate, self.latency = rate, latency_ms / 1000
        self.history = os.open(history, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self.saved: dict[str, tuple[float, float]] = {}
        self.count = 0

    def handle(self, request: Request) -> Response:
        number, at = request.path.rsplit("/", 2)[-2], time.time()
        body = orjson.loads(request.body)
        taken = self._has_room(number, at)
        line = {"at": at, "from": number, "to": body["to"], "kind": body["type"], "taken": taken}
        os.write(self.history, orjson.dumps(line) + b"\n")
        if not taken:
            return Response(400, LIMITED, delay=self.latency)
        self.count += 1
        to = str(body["to"]).encode()
        return Response(200, ANSWER % (to, to, self.count), delay=self.latency)

    def _has_room(self, number: str, at: float) -> bool:
        if not self.rate:
            return True
        saved, since = self.saved.get(number, (self.rate, at))
        saved = min(self.rate, saved + (at - since) * self.rate)
        self.saved[number] = (saved - (saved >= 1), at)
        return saved >= 1


async def _run(fake: FastGraph, port: int) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server, found, _connections = await listen(fake.handle, port)
    sys.stdout.write(f"http://127.0.0.1:{found}\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=80, help="messages a second and number; 0 for any number")
    parser.add_argument("--latency-ms", type=float, default=20)
    given = parser.parse_args()
    uvloop.run(_run(FastGraph(given.history, given.rate, given.latency_ms), given.port))


if __name__ == "__main__":
    main()
