"""accessplanit (training management) as a source that is read."""
