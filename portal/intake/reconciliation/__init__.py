"""Whether we hold what the source has approved, and nothing that it has deleted since.

Rows are the queue and the lease, as everywhere: `SourceRun` is one reading of one source, `SourceDifference` what was
found. Reading keeps the vendor's limits, finds out by itself in which order the source tells its transactions, and goes
on in the next night with what was too much for one.
"""
