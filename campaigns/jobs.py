from campaigns.overload import watch as overload_watch
from campaigns.schedules import starts
from campaigns.sequences import advance
from campaigns.services import cancelling, plan, sweeps, tallying, watch
from core.jobs import job
from core.tenancy import across_organizations


@job("default")
def start_due_campaigns() -> None:
    """Start the campaigns whose time has come, those of series included."""
    starts.start_due()


@job("default")
def advance_sequences() -> None:
    """Begin the next step for those whose wait is over."""
    advance.advance_sequences()


@job("sender")
def sweep_campaigns() -> None:
    """What the senders sweep, for when none of them runs."""
    with across_organizations():
        sweeps.sweep_sending()
        sweeps.sweep_numbers()


@job("bulk", timeout_seconds=1800)
def build_missing_audiences() -> None:
    """Freeze audiences whose job was lost."""
    sweeps.build_missing()


@job("default")
def watch_campaigns() -> None:
    """Note why running campaigns are waiting."""
    watch.watch_running()


@job("default")
def watch_demand() -> None:
    """Notice when there is more to send than fits, and when it fits again."""
    overload_watch.watch_demand()


@job("default")
def fold_counts() -> None:
    """Sum up the counts of recipients."""
    tallying.fold()


@job("default")
def resume_renewed_campaigns() -> None:
    """Let campaigns go on whose plan allows messages again."""
    plan.resume_renewed()


@job("bulk", timeout_seconds=1800)
def leave_out_forgotten() -> None:
    """Leave out who still waits in cancelled campaigns."""
    cancelling.leave_out_forgotten()
