"""A step remembers why the incident no longer calls for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_pinned_seats")]

    operations = [
        migrations.AddField(
            model_name="task",
            name="uncalled",
            field=models.CharField(blank=True, max_length=300),
        ),
    ]
