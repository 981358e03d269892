"""Background work of the app: a job names one import and is safe to run twice."""

from uuid import UUID

from core.jobs import job
from core.tenancy import across_organizations
from leads.models import Import, ImportState
from leads.services.import_run import run_import
from leads.services.import_undo import run_undo
from leads.services.imports import forget_old_files, waiting_imports


@job("bulk", timeout_seconds=900)
def work_on_import(*, organization_id: str, import_id: str) -> None:
    """Import, or undo, a slice; what is left waits behind the imports of other organizations."""
    state = Import.objects.filter(pk=import_id).values_list("state", flat=True).first()
    step = run_undo if state == ImportState.UNDOING else run_import
    more = step(UUID(import_id))
    following = import_id if more else next((str(waiting) for _org, waiting in waiting_imports()), None)
    if following:
        work_on_import.enqueue(coalesce_key=following, organization_id=organization_id, import_id=following)


@job("bulk")
def resume_stalled_imports() -> None:
    """Ring again for imports whose bell or worker was lost, and for those that waited for another one's end."""
    with across_organizations():
        for organization_id, import_id in waiting_imports():
            work_on_import.enqueue(
                coalesce_key=str(import_id), organization_id=str(organization_id), import_id=str(import_id)
            )


@job("bulk")
def forget_old_uploads() -> None:
    """Drop drafts that were never imported and the files of failed imports."""
    with across_organizations():
        forget_old_files()
