"""Logs say what failed and where, and nothing of the people whose data it was."""

import json
import logging
import sys

import pytest
from django.db import IntegrityError, connection
from pydantic import BaseModel

from core.logs import formatter

PHONE = "+5519997426108"


def logged() -> str:
    """Return the exception that is being handled as its log line tells of it."""
    record = logging.LogRecord("prosa", logging.ERROR, __file__, 1, "it failed", (), sys.exc_info())
    return str(json.loads(formatter().format(record))["exception"])


@pytest.mark.django_db
@pytest.mark.parametrize("text", [PHONE, f"Oi\n\n{PHONE}\nDETAIL"], ids=["phone", "lines"])
def test_what_the_database_quotes_stays_out(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE said (words text PRIMARY KEY)")
        cursor.execute("INSERT INTO said VALUES (%s)", [text])
        try:
            cursor.execute("INSERT INTO said VALUES (%s)", [text])
        except IntegrityError:
            told = logged()
    assert PHONE not in told
    assert "UniqueViolation" in told and "said_pkey" in told and "direct cause" in told


def test_what_a_validator_quotes_stays_out() -> None:
    class Body(BaseModel):
        count: int

    try:
        Body.model_validate({"count": PHONE + "x"})
    except ValueError:
        told = logged()
    assert PHONE not in told
    assert "int_parsing" in told and "Body" in told
