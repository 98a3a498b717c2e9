"""The HTTP API and the client's files: one file per resource, one way in and out for all."""
