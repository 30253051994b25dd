"""An organisation's trail is read by indexes of its own; the one on the organisation alone has had its day."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0005_webhook_queues"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="tenant_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("tenant_id__isnull", False)),
                fields=["tenant_id", "-id"],
                name="audit_event_by_tenant",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("company_id__isnull", True), ("tenant_id__isnull", False)),
                fields=["tenant_id", "-id"],
                name="audit_event_of_no_company",
            ),
        ),
    ]
