"""The fixtures of the demo's tests: databases with the demo in them."""

from tests.demo_databases import demo_dsn, seeded_at

__all__ = ["demo_dsn", "seeded_at"]
