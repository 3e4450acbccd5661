from django.db import migrations
from django.db.models import OuterRef, Subquery


def name_the_version(apps, schema_editor):
    """Until now an audit had one codebook version, so each label was given under it."""
    Label, Unit = apps.get_model("labeling", "Label"), apps.get_model("labeling", "Unit")
    of_audit = Unit.objects.filter(pk=OuterRef("unit_id")).values("audit__codebook_id")
    Label.objects.filter(codebook=None).update(codebook_id=Subquery(of_audit[:1]))


class Migration(migrations.Migration):
    dependencies = [("labeling", "0002_desk_and_quality")]

    operations = [migrations.RunPython(name_the_version, migrations.RunPython.noop)]
