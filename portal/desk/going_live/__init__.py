"""The checklist that turns green: connect the source, first sync, what came in before, and the day it counts."""
