"""What came in, what was captured, and what the reconciliation with the sources found, for staff."""

from __future__ import annotations

from portal.intake.admin.captures import CaptureAdmin
from portal.intake.admin.deliveries import DeliveryAdmin
from portal.intake.admin.endpoints import CapturingEndpointAdmin
from portal.intake.admin.refused_calls import RefusedCallsAdmin
from portal.intake.admin.source_differences import SourceDifferenceAdmin
from portal.intake.admin.source_runs import SourceReconciledConnectionAdmin, SourceRunAdmin
from portal.intake.admin.vendor_messages import VendorMessageAdmin

__all__ = [
    "CaptureAdmin",
    "CapturingEndpointAdmin",
    "DeliveryAdmin",
    "RefusedCallsAdmin",
    "SourceDifferenceAdmin",
    "SourceReconciledConnectionAdmin",
    "SourceRunAdmin",
    "VendorMessageAdmin",
]
