"""The REST interface that we were given for AccountsIQ; no public address of it was found."""
