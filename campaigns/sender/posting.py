"""One message handed to a channel's provider, and the answer: whatever happens on the way, there is one."""

import logging

import aiohttp
from pydantic import BaseModel

from campaigns.sender.claims import Claimed
from campaigns.sender.simulated import closing_port
from gateways.contract import Outcome, OutgoingMessage, SendResult
from gateways.models import Channel
from gateways.official.services import approved
from gateways.official.texts import fitting
from gateways.registry import get_adapter
from gateways.transport.aio import arun

logger = logging.getLogger(__name__)

ABANDONED = SendResult(Outcome.UNKNOWN, code="no_answer", detail="the sender ended")
"""Of a send that was cancelled: the answer finds nobody at home."""


class Post:
    """A channel as its messages see it. Made in a database thread; ``send`` runs in the loop."""

    def __init__(self, channel: Channel, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._name = str(channel.pk)
        self._adapter = get_adapter(channel.provider)
        self._config: BaseModel = self._adapter.config_model.model_validate(channel.config)
        self._simulator = closing_port(channel)
        self._templates = approved([channel.pk]) if self._adapter.sends_templates else []

    async def send(self, row: Claimed) -> SendResult:
        """Send; an error that nobody foresaw may have come after bytes left, so it leaves the send in doubt."""
        try:
            return await arun(
                self._adapter.send(self._config, self._message(row)), self._session, simulator=self._simulator
            )
        except Exception as error:
            logger.exception("send ended in an error", extra={"channel": self._name})
            return SendResult(Outcome.UNKNOWN, code="error", detail=f"{type(error).__name__}: {error}"[:300])

    def _message(self, row: Claimed) -> OutgoingMessage:
        # An official number writes to people by its templates; what fits none goes as it is, for its provider to judge.
        template = fitting(self._templates, row.body) if self._templates else None
        return OutgoingMessage(row.phone, row.body, row.chat_id, template=template)
