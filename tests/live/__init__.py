"""Suites against real systems that nobody here wrote; README.md says how they are run."""
