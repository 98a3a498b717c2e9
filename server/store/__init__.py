"""PostgreSQL behind ports: every method is one transaction, named after its intent."""
