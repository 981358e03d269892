from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0016_resumes_with_plan")]

    operations = [
        migrations.AddField(model_name="recipient", name="won_at", field=models.DateTimeField(null=True)),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("won_at", None), _negated=True), fields=["campaign"], name="recipient_won"
            ),
        ),
    ]
