"""What would be sent for a document, shown before anything is: the dry run."""
