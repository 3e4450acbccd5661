import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0004_label_names_its_version'),
    ]

    operations = [
        migrations.CreateModel(
            name='Lapse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('coder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lapses', to='labeling.coder')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lapses', to='labeling.unit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('unit', 'coder'), name='one_lapse_per_coder')],
            },
        ),
    ]
