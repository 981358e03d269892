from dataclasses import dataclass

TEMPERATURES = ("quente", "morno", "frio", "muito_frio")


@dataclass(frozen=True)
class Part:
    """One value of a breakdown and how many leads it has; ``name`` is how it is written, where that is not the key."""

    key: str
    count: int
    total: int = 0
    name: str = ""

    @property
    def percent(self) -> float:
        return 100 * self.count / self.total if self.total else 0.0


@dataclass(frozen=True)
class Outcome:
    """What became of the qualified leads of one temperature; ``closed`` came or paid, money is what is left of it in cents."""

    key: str
    count: int
    booked: int
    closed: int
    paid: int
    cents: int

    def share(self, of: int) -> float:
        return 100 * of / self.count if self.count else 0.0

    @property
    def booked_percent(self) -> float:
        return self.share(self.booked)

    @property
    def closed_percent(self) -> float:
        return self.share(self.closed)

    @property
    def paid_percent(self) -> float:
        return self.share(self.paid)


@dataclass(frozen=True)
class Suggestion:
    """``sentence`` is what a new version of the prompt could say, empty where words would not help."""

    code: str
    count: int
    key: str = ""
    sentence: str = ""
