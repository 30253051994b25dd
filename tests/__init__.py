"""The suite. A package, so that tests can import what they share (`from tests.servers import ...`)."""
