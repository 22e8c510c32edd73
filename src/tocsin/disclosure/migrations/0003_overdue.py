"""Whether the log says already that a stage is overdue."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('disclosure', '0002_duties'),
    ]

    operations = [
        migrations.AddField(
            model_name='dutyclock',
            name='overdue_logged',
            field=models.BooleanField(default=False),
        ),
    ]
