"""AccountsIQ: one connector over two interfaces, the REST one that we were given and the SOAP one that it publishes."""
