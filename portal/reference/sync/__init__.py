"""The reference sync: what the accounting system knows is read into records, and what differs goes to the source.

A run takes one kind of reference data the whole way (`SyncRun` is the queue, and the lease): pull, compare, a guard
that asks a person before much disappears, push. `Record` holds what was read and what the source has of it.
"""
