from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
        ("gateways", "0001_initial"),
        ("leads", "0001_initial"),
        ("accounts", "0001_initial"),
    ]

    operations = [
        composite_foreign_key("campaigns_campaign", "created_by_id", "accounts_membership"),
        composite_foreign_key("campaigns_variant", "campaign_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_campaignchannel", "campaign_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_campaignchannel", "channel_id", "gateways_channel"),
        composite_foreign_key("campaigns_campaignlist", "campaign_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_campaignlist", "contact_list_id", "leads_contactlist"),
        composite_foreign_key("campaigns_recipient", "campaign_id", "campaigns_campaign"),
        composite_foreign_key("campaigns_recipient", "contact_id", "leads_contact"),
        composite_foreign_key("campaigns_recipient", "variant_id", "campaigns_variant"),
        composite_foreign_key("campaigns_recipient", "channel_id", "gateways_channel"),
    ]
