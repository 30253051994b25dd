"""PostgreSQL as this project uses it: a database back end whose pool keeps few connections busy, not many lukewarm."""
