from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """How many pages of a feed were read."""

    dependencies = (("intake", "0006_feeds"),)

    operations = (
        migrations.AddField(
            model_name="feedreader",
            name="pages",
            field=models.PositiveIntegerField(db_default=0, default=0, help_text="Pages in the latest pass."),
        ),
    )
