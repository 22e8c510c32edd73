"""Who is on call, and who could be reached; what the plan says of a contact."""

import django.db.models.deletion
from django.db import migrations, models


def _to(model):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, **model)


class Migration(migrations.Migration):
    dependencies = [("people", "0002_paging")]
    operations = [
        migrations.AddField("member", "kind", models.CharField(default="person", max_length=12)),
        migrations.AddField("member", "organization_name", models.CharField(blank=True, max_length=200)),
        migrations.AddField("member", "party", models.CharField(blank=True, max_length=20)),
        migrations.AddField("member", "languages", models.JSONField(default=list)),
        migrations.AddField("member", "time_zone", models.CharField(blank=True, max_length=64)),
        migrations.AddField("member", "note", models.TextField(blank=True)),
        migrations.CreateModel(
            name="Rota",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=80)),
                ("kind", models.CharField(choices=[("calendar", "Calendar"), ("here", "Here")], max_length=8)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("source", models.CharField(blank=True, max_length=500)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("text", models.TextField(blank=True)),
                ("turns", models.JSONField(default=list)),
                ("remarks", models.JSONField(default=list)),
                ("turns_from", models.DateTimeField(null=True)),
                ("turns_until", models.DateTimeField(null=True)),
                ("fetched_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("failing_since", models.DateTimeField(null=True)),
                ("zone", models.CharField(blank=True, max_length=64)),
                ("starts_on", models.DateField(null=True)),
                ("handover", models.TimeField(null=True)),
                ("every_days", models.PositiveIntegerField(default=7)),
                ("members", models.JSONField(default=list)),
                ("organization", _to({"related_name": "rotas", "to": "core.organization"})),
            ],
            options={
                "ordering": ["role"],
                "constraints": [models.UniqueConstraint(fields=("organization", "role"), name="one_rota_a_role")],
            },
        ),
        migrations.CreateModel(
            name="Shift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=80)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("because", models.CharField(blank=True, max_length=300)),
                ("made_by", models.CharField(max_length=200)),
                ("made_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("member", _to({"related_name": "shifts", "to": "people.member"})),
                ("organization", _to({"related_name": "shifts", "to": "core.organization"})),
            ],
            options={
                "ordering": ["starts_at", "pk"],
                "indexes": [models.Index(fields=["organization", "role", "ends_at"], name="shifts_of_a_role")],
            },
        ),
        migrations.CreateModel(
            name="Comcheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("asked_by", models.CharField(max_length=200)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("organization", _to({"related_name": "comchecks", "to": "core.organization"})),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "number"), name="one_comcheck_a_number"),
                    models.UniqueConstraint(
                        fields=("organization",), condition=models.Q(("closed_at", None)), name="one_open_comcheck"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ComcheckAsk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField()),
                ("kind", models.CharField(max_length=12)),
                ("address", models.CharField(max_length=500)),
                ("by_hand", models.BooleanField(default=False)),
                ("code", models.CharField(max_length=12, null=True, unique=True)),
                ("answered_at", models.DateTimeField(db_index=True, null=True)),
                ("answered_how", models.CharField(blank=True, max_length=12)),
                (
                    "comcheck",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="asks", to="people.comcheck"
                    ),
                ),
                ("member", _to({"related_name": "asks", "to": "people.member"})),
            ],
            options={
                "ordering": ["member__name", "member_id", "place"],
                "constraints": [models.UniqueConstraint(fields=("comcheck", "member", "place"), name="one_ask_a_way")],
            },
        ),
    ]
