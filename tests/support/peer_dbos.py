"""dbos running workflows of three steps that do nothing, for the side-by-side figure of ``manage.py bench saga``.

    python -m tests.support.peer_dbos --database-url URL

Reads a count per line, runs so many workflows one after the other and answers with the seconds they took. Its tables
are in a database of its own on the same server.
"""

import argparse
import json
import logging
import sys
import time

import psycopg
from dbos import DBOS
from psycopg.conninfo import conninfo_to_dict, make_conninfo

DATABASE = "prosa_bench_dbos"


@DBOS.step()
def one(n: int) -> dict[str, int]:
    return {"n": n}


@DBOS.step()
def two(n: int) -> dict[str, int]:
    return {"n": n}


@DBOS.step()
def three(n: int) -> dict[str, int]:
    return {"n": n}


@DBOS.workflow()
def trip(n: int) -> int:
    return one(n)["n"] + two(n)["n"] + three(n)["n"]


def launch(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            admin.execute(f"CREATE DATABASE {DATABASE}")
    parts = conninfo_to_dict(make_conninfo(database_url))
    host = str(parts.get("host", "")).replace("/", "%2F")
    secret = f":{parts['password']}" if parts.get("password") else ""
    port = f"&port={parts['port']}" if parts.get("port") else ""
    url = f"postgresql://{parts['user']}{secret}@/{DATABASE}?host={host}{port}"
    DBOS(config={"name": "peer", "system_database_url": url, "log_level": "ERROR"})
    DBOS.launch()


def run(count: int) -> float:
    started = time.perf_counter()
    for n in range(count):
        if trip(n) != 3 * n:
            raise RuntimeError("the peer's workflow went wrong")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database-url", required=True)
    logging.disable(logging.WARNING)
    launch(parser.parse_args().database_url)
    for line in sys.stdin:
        sys.stdout.write(json.dumps({"seconds": run(int(line))}) + "\n")
        sys.stdout.flush()
    DBOS.destroy()


if __name__ == "__main__":
    main()
