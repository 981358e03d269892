from core.jobs import job
from gateways.services.simulation import deliver_due_hooks


@job("ingest")
def run_simulated_contacts() -> None:
    """Let the Simulator's virtual contacts act."""
    while deliver_due_hooks():
        pass
