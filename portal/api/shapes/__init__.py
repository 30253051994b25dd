"""What the API tells of each thing: serializers that make the answers, and the OpenAPI document with them."""
