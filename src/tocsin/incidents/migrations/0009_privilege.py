"""Privileged notes, whom counsel admits to them, what the log seals, and incidents that are a track of their own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0008_briefs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Admission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("because", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                ("real_at", models.DateTimeField()),
                ("by", models.CharField(max_length=200)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=200)),
                ("ended_because", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="SealedEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.PositiveIntegerField()),
                ("salt", models.CharField(max_length=64)),
                ("content", models.JSONField()),
            ],
            options={
                "ordering": ["sequence"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="note",
            name="one_note_a_number",
        ),
        migrations.AddField(
            model_name="incident",
            name="track",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.AddField(
            model_name="note",
            name="could_read",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="note",
            name="privileged",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="note",
            name="privileged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="note",
            name="privileged_because",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="note",
            name="privileged_by",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="note",
            name="was_number",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.UniqueConstraint(fields=("incident", "privileged", "number"), name="one_note_a_number"),
        ),
        migrations.AddField(
            model_name="admission",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="admissions", to="incidents.incident"
            ),
        ),
        migrations.AddField(
            model_name="admission",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="admissions", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="sealedentry",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="sealed", to="incidents.incident"
            ),
        ),
        migrations.AddConstraint(
            model_name="admission",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("incident", "user"), name="one_admission_a_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="sealedentry",
            constraint=models.UniqueConstraint(fields=("incident", "sequence"), name="one_seal_an_entry"),
        ),
    ]
