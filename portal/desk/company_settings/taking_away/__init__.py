"""A company's data as files to take away: rows part by part, written as a zip of CSV files or as one JSON document."""
