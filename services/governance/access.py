"""Who may do what at governance: its operations by role. What is not here is refused."""

from typing import Final

from services.governance.assembly_access import ASSEMBLY_ROWS
from services.governance.association_access import ASSOCIATION_ROWS
from services.governance.ballot_access import BALLOT_ROWS
from services.governance.decision_access import DECISION_ROWS
from services.governance.dispute_access import DISPUTE_ROWS
from services.governance.federated_access import FEDERATED_ROWS
from services.governance.federated_view_access import FEDERATED_VIEW_ROWS
from services.governance.roll_access import ROLL_ROWS
from shared import health
from shared.access import AccessTable, Role, everyone, only

ACCESS: Final = AccessTable(
    {
        **health.ROWS,
        "read_public_log": everyone(reads=True),
        "read_private_log": only(Role.SERVICE, reads=True),
        "read_log_standing": only(Role.SERVICE, reads=True),
        **ROLL_ROWS,
        **DECISION_ROWS,
        **BALLOT_ROWS,
        **ASSEMBLY_ROWS,
        **ASSOCIATION_ROWS,
        **FEDERATED_ROWS,
        **FEDERATED_VIEW_ROWS,
        **DISPUTE_ROWS,
    }
)
