from sagas.models.execution import ACTIVE, ENDED, SagaExecution, SagaState, SagaStepRecord, StepKind, StepState
from sagas.models.outbox import DeliveryState, OutboxDelivery, OutboxEvent

__all__ = [
    "ACTIVE",
    "ENDED",
    "DeliveryState",
    "OutboxDelivery",
    "OutboxEvent",
    "SagaExecution",
    "SagaState",
    "SagaStepRecord",
    "StepKind",
    "StepState",
]
