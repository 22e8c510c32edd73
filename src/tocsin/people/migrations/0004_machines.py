"""What machines bring and get: scopes of keys, repeated requests, webhooks."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tocsin.people.models.machines


class Migration(migrations.Migration):
    dependencies = [("core", "0003_append_only"), ("people", "0003_duty")]
    operations = [
        migrations.AddField(
            "apitoken", "scopes", models.JSONField(default=tocsin.people.models.machines.all_of_a_person)
        ),
        migrations.AddField("apitoken", "expires_at", models.DateTimeField(null=True)),
        migrations.AddField("apitoken", "last_used_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255)),
                ("request", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("headers", models.JSONField(default=dict)),
                ("body", models.TextField(default="")),
                ("kept_at", models.DateTimeField(db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "key"), name="one_request_a_key")],
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("label", models.CharField(max_length=100)),
                ("url", models.CharField(max_length=400)),
                ("secret", models.CharField(max_length=400)),
                ("verbs", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "Active"), ("paused", "Paused"), ("failing", "Failing"), ("ended", "Ended"),
                        ],
                        db_index=True,
                        default="active",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("round", models.PositiveIntegerField(default=0)),
                ("failed_because", models.TextField(blank=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="webhooks", to="core.organization"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["created_at"]},
        ),
    ]
