"""Evidence that only counsel and whom counsel admits can see."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("evidence", "0002_investigation"),
        ("incidents", "0009_privilege"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="evidenceitem",
            name="one_item_a_number",
        ),
        migrations.RemoveConstraint(
            model_name="evidenceitem",
            name="one_item_a_content",
        ),
        migrations.AddField(
            model_name="evidenceitem",
            name="could_read",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="evidenceitem",
            name="privileged",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="evidenceitem",
            name="privileged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="evidenceitem",
            name="privileged_because",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="evidenceitem",
            name="privileged_by",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="evidenceitem",
            name="was_number",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="evidenceitem",
            constraint=models.UniqueConstraint(fields=("incident", "privileged", "number"), name="one_item_a_number"),
        ),
        migrations.AddConstraint(
            model_name="evidenceitem",
            constraint=models.UniqueConstraint(fields=("incident", "privileged", "sha256"), name="one_item_a_content"),
        ),
    ]
