"""Situation reports and hand-overs."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0004_uncalled_steps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="SituationReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("report", "Situation report"), ("handover", "Hand-over note")],
                        default="report",
                        max_length=8,
                    ),
                ),
                ("conditions", models.TextField(blank=True)),
                ("actions", models.TextField(blank=True)),
                ("needs", models.TextField(blank=True)),
                ("written_at", models.DateTimeField()),
                ("written_by", models.CharField(max_length=200)),
                ("written_by_id", models.CharField(max_length=64)),
                ("next_due_at", models.DateTimeField(null=True)),
                ("sequence", models.PositiveIntegerField()),
                ("handed_from", models.CharField(blank=True, max_length=200)),
                ("handed_to", models.CharField(blank=True, max_length=200)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("acknowledged_by", models.CharField(blank=True, max_length=200)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="situation_reports",
                        to="incidents.incident",
                    ),
                ),
                (
                    "seat",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="incidents.roleassignment",
                    ),
                ),
                (
                    "taker",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("incident", "number"), name="one_report_a_number"),
                ],
            },
        ),
    ]
