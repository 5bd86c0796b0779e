"""Sharing rules: how a community divides a pool among its payees, exact to the unit.

`dividing` has what the contracts have, too: in proportion, with a floor, by roots. `listening` and
`waterfall` are computed off chain alone. docs/SHARING_RULES.md says what each does and cannot.
"""

from chain.ledger.sharing.announcing import NOTICE_EPOCHS, Announcement, SharingRule
from chain.ledger.sharing.dividing import (
    Allocation,
    GroupedAllocation,
    community_root,
    floor_pro_rata,
    pro_rata,
)
from chain.ledger.sharing.listening import (
    Listener,
    ListenerAllocation,
    ListenerMode,
    listener_centric,
)
from chain.ledger.sharing.waterfall import Descent, Waterfall, waterfall

__all__ = [
    "NOTICE_EPOCHS",
    "Allocation",
    "Announcement",
    "Descent",
    "GroupedAllocation",
    "Listener",
    "ListenerAllocation",
    "ListenerMode",
    "SharingRule",
    "Waterfall",
    "community_root",
    "floor_pro_rata",
    "listener_centric",
    "pro_rata",
    "waterfall",
]
