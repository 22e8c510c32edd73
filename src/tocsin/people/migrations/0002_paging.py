"""Who is called for a seat, and what they answered."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("core", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Paging",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("role", models.CharField(max_length=80)),
                ("title", models.CharField(max_length=200)),
                ("headline", models.CharField(max_length=300)),
                ("reason", models.CharField(max_length=300)),
                ("ladder", models.JSONField(default=list)),
                ("seconds", models.PositiveIntegerField()),
                ("rung", models.PositiveSmallIntegerField(default=0)),
                ("state", models.CharField(
                    choices=[
                        ("calling", "Being called"),
                        ("answered", "Answered"),
                        ("unanswered", "Nobody answered"),
                        ("cancelled", "Called off"),
                    ],
                    default="calling",
                    max_length=10,
                )),
                ("next_at", models.DateTimeField(db_index=True, null=True)),
                ("started_at", models.DateTimeField()),
                ("started_by", models.CharField(max_length=200)),
                ("sequence", models.PositiveIntegerField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_because", models.CharField(blank=True, max_length=300)),
                ("answered_by", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.member"
                )),
                ("chain", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="pagings", to="core.chain"
                )),
                ("holder", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.member"
                )),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("chain", "number"), name="one_paging_a_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "calling")), fields=("chain", "role"), name="one_live_paging_a_role"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PagingCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rung", models.PositiveSmallIntegerField()),
                ("why", models.CharField(max_length=300)),
                ("methods", models.JSONField(default=list)),
                ("tried", models.PositiveSmallIntegerField(default=0)),
                ("called_at", models.DateTimeField()),
                ("answer_by", models.DateTimeField()),
                ("code", models.CharField(blank=True, max_length=6)),
                ("expires_at", models.DateTimeField()),
                ("answer", models.CharField(blank=True, max_length=3)),
                ("answered_at", models.DateTimeField(null=True)),
                ("via", models.CharField(
                    blank=True,
                    choices=[
                        ("link", "by the link"),
                        ("code", "by the reply code"),
                        ("voice", "by voice"),
                        ("api", "by a gateway"),
                        ("acted", "by starting to work"),
                    ],
                    max_length=8,
                )),
                ("member", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="calls", to="people.member"
                )),
                ("paging", models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="calls", to="people.paging"
                )),
            ],
            options={
                "ordering": ["paging_id", "rung"],
                "constraints": [
                    models.UniqueConstraint(fields=("paging", "rung"), name="one_call_a_rung"),
                    models.UniqueConstraint(
                        condition=models.Q(("code", ""), _negated=True), fields=("code",), name="one_live_call_a_code"
                    ),
                ],
            },
        ),
    ]
