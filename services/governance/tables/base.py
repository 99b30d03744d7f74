"""The one catalogue of the tables of governance, and those that every service has."""

from typing import Final

from sqlalchemy import MetaData

from shared.log.tables import LogTables
from shared.revocations import revocation_table

metadata: Final = MetaData()
LOG: Final = LogTables(metadata)
REVOKED: Final = revocation_table(metadata)
