"""`make chaos`: real processes, killed and frozen while documents come in; at the end the books are compared."""
