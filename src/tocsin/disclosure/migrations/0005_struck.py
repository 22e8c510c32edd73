"""A filing can be struck, with who, when and why; a draft keeps who began it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('disclosure', '0004_notices')]

    operations = [
        migrations.AddField(
            model_name='filing', name='struck_at', field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='filing', name='struck_by', field=models.CharField(blank=True, default='', max_length=200),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='filing', name='struck_reason', field=models.TextField(blank=True, default=''),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='notice', name='drafted_by_id', field=models.CharField(blank=True, default='', max_length=64),
            preserve_default=False,
        ),
    ]
