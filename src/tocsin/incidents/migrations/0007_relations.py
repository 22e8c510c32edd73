"""How incidents belong together, and how they came out."""

import django.db.models.deletion
from django.db import migrations, models

OUTCOMES = [
    ("true_positive", "True positive"),
    ("near_miss", "Near miss"),
    ("false_positive", "False positive"),
    ("merged", "Merged"),
]


class Migration(migrations.Migration):
    dependencies = [("incidents", "0006_notes")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="outcome",
            field=models.CharField(blank=True, choices=OUTCOMES, default="", max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="incident",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="children",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="merged_into",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="absorbed",
                to="incidents.incident",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["organization", "phase", "severity", "-declared_at"], name="incidents_in_order"),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["incident", "state", "due_at"], name="tasks_by_deadline"),
        ),
    ]
