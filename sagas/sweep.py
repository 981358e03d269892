"""Ring again for sagas whose moment has come and that nobody drives: after a wait, a lost bell, or a driver's death."""

from django.db import connection

from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from sagas.orchestrator import drive_saga

# In turn by organization, so that one with many due sagas does not hold up the others.
_DUE = """
SELECT organization_id, id FROM (
  SELECT organization_id, id, wake_at, row_number() OVER (PARTITION BY organization_id ORDER BY wake_at, id) AS turn
  FROM sagas_sagaexecution
  WHERE wake_at <= %s AND (lease_until IS NULL OR lease_until < clock_timestamp())
) due ORDER BY turn, wake_at LIMIT %s
"""
SWEEP_LIMIT = 200


@job("default")
def sweep_sagas() -> None:
    """Ring for every saga that is due."""
    with across_organizations(), connection.cursor() as cursor:
        cursor.execute(_DUE, (now(), SWEEP_LIMIT))
        due = cursor.fetchall()
    for organization_id, execution_id in due:
        drive_saga.enqueue(
            coalesce_key=str(execution_id), organization_id=str(organization_id), execution_id=str(execution_id)
        )
