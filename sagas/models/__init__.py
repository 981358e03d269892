from sagas.models.execution import SagaExecution, SagaState, SagaStepRecord, StepKind, StepState
from sagas.models.outbox import DeliveryState, OutboxDelivery, OutboxEvent

__all__ = [
    "DeliveryState",
    "OutboxDelivery",
    "OutboxEvent",
    "SagaExecution",
    "SagaState",
    "SagaStepRecord",
    "StepKind",
    "StepState",
]
