"""The stand-in for AccountsIQ: one set of books behind two doors, the REST one and the SOAP one."""
