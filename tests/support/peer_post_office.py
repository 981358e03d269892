"""django-post_office sending to the fake gateway, for the side-by-side figure of ``manage.py bench send``.

    python -m tests.support.peer_post_office --database-url URL --gateway http://127.0.0.1:20123 --count 10000

4 processes of 16 threads and batches of 2,500, the best of what was tried; prints the seconds from the first look at the
queue to the last state committed. Its e-mail backend posts each message to the gateway over kept connections.
"""

import argparse
import json
import sys
import time

import dj_database_url
import django
import psycopg
import urllib3
from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import call_command
from django.db import connection

DATABASE = "prosa_bench_peer"
PROCESSES, THREADS, BATCH = 4, 16, 2_500
_pool = urllib3.PoolManager(maxsize=THREADS, block=True, retries=False)


class GatewayBackend(BaseEmailBackend):
    """Sends the text of each e-mail as one message."""

    def send_messages(self, email_messages):
        for message in email_messages:
            body = json.dumps(
                {"session": "bench", "chatId": f"{message.to[0].split('@')[0]}@c.us", "text": message.body}
            )
            headers = {"Content-Type": "application/json"}
            answer = _pool.request("POST", f"{settings.GATEWAY}/api/sendText", body=body, headers=headers)
            if answer.status != 201:
                raise RuntimeError(f"HTTP {answer.status}")
        return len(email_messages)


def configure(database_url: str, gateway: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            admin.execute(f"CREATE DATABASE {DATABASE}")
    database = dj_database_url.parse(database_url) | {"NAME": DATABASE}
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        EMAIL_BACKEND="post_office.EmailBackend",
        POST_OFFICE={
            "BACKENDS": {"default": f"{__spec__.name}.GatewayBackend"}, "BATCH_SIZE": BATCH,
            "THREADS_PER_PROCESS": THREADS, "LOG_LEVEL": 0,
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True, GATEWAY=gateway,
        LOGGING_CONFIG=None,
    )  # fmt: skip
    django.setup()
    call_command("migrate", verbosity=0)


def send(count: int) -> float:
    # These can only be imported once the settings stand.
    mail = sys.modules["post_office.mail"]
    models = sys.modules["post_office.models"]
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE post_office_email CASCADE")
    models.Email.objects.bulk_create(
        [
            models.Email(
                from_email="a@example.com", to=[f"55119{number:08d}@example.com"], subject="Oi", message=f"Oi, {number}!",
                status=models.STATUS.queued, priority=models.PRIORITY.medium,
            )
            for number in range(count)
        ],
        batch_size=2_000,
    )  # fmt: skip
    started = time.perf_counter()
    while sum(mail.send_queued(processes=PROCESSES, log_level=0)):
        connection.close()  # its forked children have ended the connection they inherited
    connection.close()
    seconds = time.perf_counter() - started
    if models.Email.objects.exclude(status=models.STATUS.sent).exists():
        raise RuntimeError("the peer did not send everything")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    configure(options.database_url, options.gateway)
    __import__("post_office.mail")
    sys.stdout.write(json.dumps({"seconds": send(options.count)}) + "\n")


if __name__ == "__main__":
    main()
