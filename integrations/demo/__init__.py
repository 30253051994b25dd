"""Demo Books: a small accounting system over HTTP, for demonstrations and for the tests of the engine."""
