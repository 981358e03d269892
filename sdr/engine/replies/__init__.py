"""What the local engine says: short, warm, one question at a time, nothing that the business did not state."""

from sdr.engine.replies.closing import closing_message
from sdr.engine.replies.composing import compose
from sdr.engine.replies.questions import asked_fact

__all__ = ["asked_fact", "closing_message", "compose"]
