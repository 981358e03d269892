from pydantic import BaseModel, Field


class SimulatorConfig(BaseModel):
    """How the virtual contacts behave; ``speed`` 10 makes ten seconds of theirs last one."""

    speed: float = Field(default=10.0, ge=0.1, le=1000)
    seed: int = 7
    services: list[str] = Field(default_factory=list)
    city: str = ""
    replies: bool = True
