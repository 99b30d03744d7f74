"""What the tests of the shared code need: databases of both kinds."""

from tests.databases import database_url, postgresql, postgresql_server

__all__ = ["database_url", "postgresql", "postgresql_server"]
