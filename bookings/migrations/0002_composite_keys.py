from django.db import migrations

from core.migrations import composite_foreign_key


def numbered(table: str) -> migrations.RunSQL:
    """Tie the copied number to the professional it was copied from."""
    name = f"{table}_number_fk"
    return migrations.RunSQL(
        sql=(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (professional_id, professional_number) '
            'REFERENCES "bookings_professional" (id, number) DEFERRABLE INITIALLY DEFERRED'
        ),
        reverse_sql=f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0001_initial")]

    operations = [
        composite_foreign_key("bookings_professional", "membership_id", "accounts_membership"),
        composite_foreign_key("bookings_serviceprofessional", "service_id", "bookings_service"),
        composite_foreign_key("bookings_serviceprofessional", "professional_id", "bookings_professional"),
        composite_foreign_key("bookings_workinghours", "professional_id", "bookings_professional"),
        composite_foreign_key("bookings_timeoff", "professional_id", "bookings_professional"),
        composite_foreign_key("bookings_booking", "contact_id", "leads_contact"),
        composite_foreign_key("bookings_booking", "service_id", "bookings_service"),
        composite_foreign_key("bookings_booking", "professional_id", "bookings_professional"),
        composite_foreign_key("bookings_booking", "created_by_id", "accounts_membership"),
        composite_foreign_key("bookings_bookingchange", "booking_id", "bookings_booking"),
        composite_foreign_key("bookings_bookingchange", "actor_id", "accounts_membership"),
        composite_foreign_key("bookings_bookingnotice", "booking_id", "bookings_booking"),
        composite_foreign_key("bookings_calendaraccount", "professional_id", "bookings_professional"),
        composite_foreign_key("bookings_busyblock", "account_id", "bookings_calendaraccount"),
        composite_foreign_key("bookings_busyblock", "professional_id", "bookings_professional"),
        numbered("bookings_booking"),
        numbered("bookings_workinghours"),
    ]
