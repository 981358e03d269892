from sdr.models.agent import Agent, AgentChannel, Closed, FollowUps
from sdr.models.calibration import Calibration, CalibrationState, Verdict
from sdr.models.knowledge import Chunk, Document, DocumentKind, DocumentState, Question, QuestionState
from sdr.models.ledger import ModelCall
from sdr.models.profile import SdrProfile
from sdr.models.prompt import Prompt, PromptState
from sdr.models.qualification import Qualification, QualificationStatus
from sdr.models.refusal import Refusal
from sdr.models.turn import OPEN_STATES, ReplyTurn, TurnState

__all__ = [
    "OPEN_STATES",
    "Agent",
    "AgentChannel",
    "Calibration",
    "CalibrationState",
    "Chunk",
    "Closed",
    "Document",
    "DocumentKind",
    "DocumentState",
    "FollowUps",
    "ModelCall",
    "Prompt",
    "PromptState",
    "Qualification",
    "QualificationStatus",
    "Question",
    "QuestionState",
    "Refusal",
    "ReplyTurn",
    "SdrProfile",
    "TurnState",
    "Verdict",
]
