"""The harness of the integration tests: servers, databases and clients of their own."""
