"""Is the safety net a net? Bugs made on purpose, which the engine's tests must catch: `python -m tests.mutations`."""
