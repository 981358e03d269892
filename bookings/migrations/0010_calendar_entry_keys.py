from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("bookings", "0009_calendar_entries")]

    operations = [
        composite_foreign_key("bookings_calendarentry", "booking_id", "bookings_booking"),
        composite_foreign_key("bookings_calendarentry", "account_id", "bookings_calendaraccount"),
    ]
