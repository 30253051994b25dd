"""Reconciliation: what an accounting system holds with a key of ours, one to one against what we say is posted.

A run reads the connector's listing into rows (`listing`), compares them with the postings in batches of keys
(`compare` is pure, `comparing` walks), asks once more before it says that something is missing or too much, and writes
what differs (`findings`). The same difference in the next run is the same row; what is gone is resolved.
"""
