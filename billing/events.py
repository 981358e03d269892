from dataclasses import dataclass

from sagas.events import Event


@dataclass(frozen=True)
class ChargePaid(Event):
    """The money of a charge is there; said again when a refund was refused and the money came back."""

    charge_id: str

    @property
    def ordering_key(self) -> str:
        return f"charge:{self.charge_id}"


@dataclass(frozen=True)
class ChargeClosed(Event):
    """Nobody is asked for this money any more: the charge was withdrawn or its day has passed."""

    charge_id: str

    @property
    def ordering_key(self) -> str:
        return f"charge:{self.charge_id}"


@dataclass(frozen=True)
class ChargeRefunded(Event):
    charge_id: str

    @property
    def ordering_key(self) -> str:
        return f"charge:{self.charge_id}"


@dataclass(frozen=True)
class PlanAsked(Event):
    plan_code: str
    membership_id: str
