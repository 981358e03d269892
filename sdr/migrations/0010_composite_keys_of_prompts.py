from django.db import migrations

from core.migrations import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("sdr", "0009_prompts")]

    operations = [composite_foreign_key("sdr_qualification", "prompt_id", "sdr_prompt")]
