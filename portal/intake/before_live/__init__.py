"""What comes in before a company is live: refused, and its dry run kept, so that people see what would become of it."""
