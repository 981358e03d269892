"""A customer's conversation with the SDR, in which the quiet moments are skipped."""

from datetime import timedelta

from conversations.models import Conversation, Message
from core.clock import now
from gateways.models import Channel
from sdr.models import ReplyTurn
from sdr.services.turns import wake_turns
from tests.support.jobs import drain
from tests.support.thread import receive

PHONE = "+5519997426108"
FACTS = [
    "Oi! Quero clareamento, quanto custa?",
    "sou a Mariana Teixeira",
    "queria ainda essa semana",
    "já fiz orçamento em outro lugar",
    "moro no Cambuí",
]


class Talk:
    """A conversation in which the quiet moments are skipped."""

    def __init__(self, channel: Channel, phone: str = PHONE) -> None:
        self.channel, self.phone, self.count = channel, phone, 0

    def say(self, text: str) -> Conversation:
        self.count += 1
        return receive(
            self.channel, self.phone, text, external_id=f"in-{self.phone}-{self.count}", at=now().isoformat()
        )

    def let_answer(self) -> None:
        ReplyTurn.objects.filter(state="waiting").update(wake_at=now() - timedelta(seconds=1))
        wake_turns()
        drain()


def bot_lines() -> list[str]:
    return list(Message.objects.filter(origin="bot").order_by("at", "pk").values_list("body", flat=True))
