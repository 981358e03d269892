"""Migration operations that Django lacks."""

from django.db.migrations.operations import RunSQL


def composite_foreign_key(table: str, column: str, target: str, *, key: str = "id") -> RunSQL:
    """Tie ``(organization_id, column)`` to the target's ``(organization_id, id)``.

    Django follows a forward foreign key through the unscoped base manager, so only the database can promise that a
    row never points into another organization. Deferred, as Django's own constraint is.
    """
    name = f"{table}_{column}_org_fk"[:63]
    return RunSQL(
        sql=(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (organization_id, "{column}") '
            f'REFERENCES "{target}" (organization_id, "{key}") DEFERRABLE INITIALLY DEFERRED'
        ),
        reverse_sql=f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    )
