"""AccountsIQ's own public interface, Integration 2.0: SOAP 1.1 with an OAuth token in its header."""
