"""Django's SQLite back end for one process with many threads: writers take turns, and open connections are kept."""
