"""User acceptance tests of a source that is read: what a person tried on a sandbox, and what came of it."""
