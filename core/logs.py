"""Structured logs: one JSON object per line, with the organization that the code acted for."""

import logging
import re
from typing import Any

import structlog

from core.tenancy import active_organization_id


def _add_organization(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if organization_id := active_organization_id():
        event["organization_id"] = str(organization_id)
    return event


# What databases and validators quote of the row or value that they refuse: phones, names, texts.
_QUOTED = re.compile(
    r"^DETAIL: .*?(?=\n(?:HINT|CONTEXT): |\n\n(?:The above|During handling)|\Z)|(?<=input_value=).*?(?=, input_type=)",
    re.MULTILINE | re.DOTALL,
)


def _without_people(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if told := event.get("exception"):
        event["exception"] = _QUOTED.sub("…", told)
    return event


def formatter() -> logging.Formatter:
    """Return the formatter that ``settings.LOGGING`` names."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso"),
            _add_organization,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _without_people,
            structlog.processors.JSONRenderer(default=str),
        ],
    )
