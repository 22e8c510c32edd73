"""The fact sheet: what the organization is in an incident, which data, and where how many people live."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

CONFIDENCE = [("low", "Low"), ("moderate", "Moderate"), ("high", "High")]


def keep_numbers(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Every change of an entry so far stood with the entry's numbers: they could not be changed."""
    entries = apps.get_model("incidents", "ScopeEntry").objects.filter(pk=OuterRef("entry_id"))
    apps.get_model("incidents", "ScopeChange").objects.update(
        count_low=Subquery(entries.values("count_low")), count_high=Subquery(entries.values("count_high"))
    )


class Migration(migrations.Migration):
    """Adds regions, confidence and histories of numbers to the ledger, and the sheet's own parts to incidents."""

    dependencies = [("incidents", "0009_privilege")]

    operations = [
        migrations.AddField("incident", "entity_roles", models.JSONField(default=dict)),
        migrations.AddField("incident", "data_categories", models.JSONField(default=dict)),
        migrations.AddField(
            "scopeentry", "region", models.CharField(blank=True, default="", max_length=8), preserve_default=False
        ),
        migrations.AddField(
            "scopeentry",
            "confidence",
            models.CharField(blank=True, choices=CONFIDENCE, default="", max_length=8),
            preserve_default=False,
        ),
        migrations.AddField("scopechange", "count_low", models.PositiveBigIntegerField(null=True)),
        migrations.AddField("scopechange", "count_high", models.PositiveBigIntegerField(null=True)),
        migrations.AddField(
            "scopechange", "region", models.CharField(blank=True, default="", max_length=8), preserve_default=False
        ),
        migrations.AddField(
            "scopechange", "confidence", models.CharField(blank=True, default="", max_length=8), preserve_default=False
        ),
        migrations.RunPython(keep_numbers, migrations.RunPython.noop),
        migrations.RemoveConstraint("scopeentry", "one_entry_a_thing"),
        migrations.AddConstraint(
            "scopeentry",
            models.UniqueConstraint(fields=["incident", "kind", "name", "region"], name="one_entry_a_thing"),
        ),
    ]
