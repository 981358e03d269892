from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("bookings", "0006_charge_links")]

    operations = [
        composite_foreign_key("bookings_chargelink", "charge_id", "billing_charge"),
        composite_foreign_key("bookings_chargelink", "contact_id", "leads_contact"),
        composite_foreign_key("bookings_chargelink", "booking_id", "bookings_booking"),
        composite_foreign_key("bookings_chargelink", "conversation_id", "conversations_conversation"),
        composite_foreign_key("bookings_paymentreceipt", "charge_id", "billing_charge"),
    ]
