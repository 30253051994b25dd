"""Schemathesis against the API: requests made from the OpenAPI document, well formed and malformed, with all checks."""
