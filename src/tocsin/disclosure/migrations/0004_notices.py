"""Notices as they are drafted and finished, and which of them a filing handed in."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('disclosure', '0003_overdue'),
        ('incidents', '0010_fact_sheet'),
    ]

    operations = [
        migrations.AddField(
            model_name='filing',
            name='notice',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='filing',
            name='notice_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('stage', models.CharField(max_length=200)),
                ('recipient', models.CharField(max_length=40)),
                ('recipient_name', models.CharField(max_length=300)),
                ('language', models.CharField(max_length=8)),
                ('sections', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('final', 'Final')], default='draft', max_length=5)),
                ('revision', models.PositiveIntegerField(default=0)),
                ('drafted_by', models.CharField(max_length=200)),
                ('drafted_at', models.DateTimeField()),
                ('changed_by', models.CharField(max_length=200)),
                ('changed_at', models.DateTimeField()),
                ('finished_by', models.CharField(blank=True, max_length=200)),
                ('finished_at', models.DateTimeField(null=True)),
                ('open', models.JSONField(default=list)),
                ('reason', models.TextField(blank=True)),
                ('text', models.TextField(blank=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('sequence', models.PositiveIntegerField()),
                ('duty', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='disclosure.duty')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='incidents.incident')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('incident', 'number'), name='one_notice_a_number')],
            },
        ),
    ]
