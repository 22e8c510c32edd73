"""Duties by law, their clocks, what was filed, held back and ruled on."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('disclosure', '0001_initial'),
        ('incidents', '0010_fact_sheet'),
    ]

    operations = [
        migrations.CreateModel(
            name='DutyReading',
            fields=[
                ('incident', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='duty_reading', serialize=False, to='incidents.incident')),
                ('key', models.CharField(max_length=64)),
                ('verdicts', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
                ('sequence', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Duty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('regime', models.CharField(max_length=80)),
                ('name', models.CharField(max_length=300)),
                ('verdict', models.CharField(choices=[('may_apply', 'May apply'), ('cannot_tell', 'Nobody can tell yet'), ('not_in_force', 'Not in force'), ('does_not_apply', 'Does not apply')], max_length=16)),
                ('reasons', models.JSONField(default=list)),
                ('missing', models.JSONField(default=list)),
                ('lost', models.JSONField(default=list)),
                ('ruling', models.CharField(blank=True, choices=[('confirmed', 'Confirmed: to be notified'), ('rejected', 'Rejected: not to be notified')], max_length=10)),
                ('ruled_by', models.CharField(blank=True, max_length=200)),
                ('ruled_at', models.DateTimeField(null=True)),
                ('ruling_reason', models.TextField(blank=True)),
                ('because', models.CharField(blank=True, max_length=300)),
                ('revision', models.PositiveIntegerField(default=0)),
                ('sequence', models.PositiveIntegerField()),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duties', to='incidents.incident')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Delay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(max_length=200)),
                ('until', models.DateTimeField()),
                ('asked_by', models.CharField(max_length=200)),
                ('reference', models.CharField(max_length=200)),
                ('by', models.CharField(max_length=200)),
                ('by_id', models.CharField(blank=True, max_length=64)),
                ('at', models.DateTimeField()),
                ('sequence', models.PositiveIntegerField()),
                ('duty', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='delays', to='disclosure.duty')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='DutyClock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(max_length=200)),
                ('position', models.PositiveSmallIntegerField()),
                ('recipient', models.CharField(max_length=40)),
                ('recipient_name', models.CharField(max_length=300)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('no_number', 'No fixed limit'), ('to_judge', 'To be judged'), ('held', 'Held back'), ('filed', 'Filed'), ('filed_late', 'Filed late'), ('not_needed', 'Not needed')], max_length=10)),
                ('because', models.TextField(blank=True)),
                ('starts_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('submitted_at', models.DateTimeField(null=True)),
                ('expected', models.DateTimeField(null=True)),
                ('missing', models.JSONField(default=list)),
                ('judge', models.JSONField(default=list)),
                ('own_target', models.BooleanField(default=False)),
                ('mandatory', models.BooleanField(default=True)),
                ('urgency', models.CharField(blank=True, max_length=200)),
                ('note', models.TextField(blank=True)),
                ('ruling', models.CharField(blank=True, choices=[('confirmed', 'Confirmed: to be notified'), ('rejected', 'Rejected: not to be notified')], max_length=10)),
                ('ruling_reason', models.TextField(blank=True)),
                ('sequence', models.PositiveIntegerField()),
                ('duty', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clocks', to='disclosure.duty')),
                ('task', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='duty_clocks', to='incidents.task')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='Filing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(max_length=200)),
                ('first', models.BooleanField()),
                ('submitted_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(null=True)),
                ('channel', models.CharField(max_length=100)),
                ('reference', models.CharField(blank=True, max_length=200)),
                ('proof', models.CharField(blank=True, max_length=500)),
                ('evidence', models.PositiveIntegerField(null=True)),
                ('delay_reason', models.TextField(blank=True)),
                ('rests_on', models.JSONField(default=list)),
                ('by', models.CharField(max_length=200)),
                ('by_id', models.CharField(blank=True, max_length=64)),
                ('at', models.DateTimeField()),
                ('sequence', models.PositiveIntegerField()),
                ('duty', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='filings', to='disclosure.duty')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Ruling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(blank=True, max_length=200)),
                ('word', models.CharField(choices=[('confirmed', 'Confirmed: to be notified'), ('rejected', 'Rejected: not to be notified')], max_length=10)),
                ('reason', models.TextField()),
                ('by', models.CharField(max_length=200)),
                ('by_id', models.CharField(blank=True, max_length=64)),
                ('at', models.DateTimeField()),
                ('sequence', models.PositiveIntegerField()),
                ('duty', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rulings', to='disclosure.duty')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.UniqueConstraint(fields=('incident', 'regime'), name='one_duty_a_regime'),
        ),
        migrations.AddConstraint(
            model_name='dutyclock',
            constraint=models.UniqueConstraint(fields=('duty', 'stage'), name='one_clock_a_stage'),
        ),
        migrations.AddConstraint(
            model_name='filing',
            constraint=models.UniqueConstraint(condition=models.Q(('first', True)), fields=('duty', 'stage'), name='one_first_filing'),
        ),
    ]
