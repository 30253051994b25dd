"""Attachments: the files of a transaction are fetched at its source and handed to the books that hold its posting.

It follows posting and is no part of it: a job notices what was posted (`noticing`), a row says what became of its files
(`models`), and a worker hands them over one by one (`handing`) under a lease. No content is kept in our database.
"""
