import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0003_label_versions")]

    operations = [
        migrations.AlterField(
            model_name="label",
            name="codebook",
            field=models.ForeignKey(
                help_text="The version it was given under.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="labels",
                to="labeling.codebook",
            ),
        )
    ]
