from sdr.models.ledger import ModelCall
from sdr.models.profile import SdrProfile
from sdr.models.qualification import Qualification, QualificationStatus
from sdr.models.turn import ReplyTurn, TurnState

__all__ = ["ModelCall", "Qualification", "QualificationStatus", "ReplyTurn", "SdrProfile", "TurnState"]
