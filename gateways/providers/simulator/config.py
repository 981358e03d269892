from pydantic import BaseModel, Field, field_validator

from gateways.providers.simulator.personas import USUAL_MIX


class SimulatorConfig(BaseModel):
    """How the virtual contacts behave; ``speed`` 10 makes ten seconds of theirs last one.

    ``mix`` says how many of each persona there are among a hundred, ``{"hot": 100}`` makes everybody keen; empty is the
    usual mix. ``services`` and ``city`` are what they ask for and where they live. Without ``replies`` they only receive
    and read.
    """

    speed: float = Field(default=10.0, ge=0.1, le=1000)
    seed: int = 7
    services: list[str] = Field(default_factory=list)
    city: str = ""
    replies: bool = True
    mix: dict[str, int] = Field(default_factory=dict)

    @field_validator("mix")
    @classmethod
    def _known_personas(cls, mix: dict[str, int]) -> dict[str, int]:
        if unknown := set(mix) - set(USUAL_MIX):
            raise ValueError(f"no such persona: {', '.join(sorted(unknown))}")
        if any(weight < 0 for weight in mix.values()) or (mix and not any(mix.values())):
            raise ValueError("weights are whole numbers from 0, one of them above it")
        return mix

    @property
    def weights(self) -> dict[str, int]:
        return self.mix or USUAL_MIX
