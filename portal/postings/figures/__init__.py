"""What happened each day, company by company: counted once from the history of the postings, never by a page."""
