from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("bookings", "0004_offers_and_replies")]

    operations = [
        composite_foreign_key("bookings_slotoffer", "contact_id", "leads_contact"),
        composite_foreign_key("bookings_slotoffer", "service_id", "bookings_service"),
        composite_foreign_key("bookings_slotoffer", "booking_id", "bookings_booking"),
        composite_foreign_key("bookings_slotoffer", "made_id", "bookings_booking"),
    ]
