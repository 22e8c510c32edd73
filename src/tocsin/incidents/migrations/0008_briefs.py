"""What a decider had before them: the brief as it was, who was for what, what it rests on, and what changed since."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the brief and its surroundings to decisions; those taken before have none."""

    dependencies = [("incidents", "0007_relations")]

    operations = [
        migrations.AddField(
            "decision",
            "before",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="again", to="incidents.decision"
            ),
        ),
        migrations.AddField("decision", "when", models.CharField(blank=True, max_length=500)),
        migrations.AddField("decision", "rests_on", models.JSONField(default=list)),
        migrations.AddField("decision", "recommendations", models.JSONField(default=list)),
        migrations.AddField("decision", "brief", models.TextField(blank=True)),
        migrations.AddField("decision", "brief_sha256", models.CharField(blank=True, max_length=64)),
        migrations.AddField("decision", "via", models.CharField(blank=True, max_length=8)),
        migrations.AddField("decision", "changed", models.JSONField(default=list)),
    ]
