"""Which contracts are changed, what is their own in them, and who has to notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CUSTODY_MIN: Final = 0.95
OTHERS_MIN: Final = 0.90


@dataclass(frozen=True)
class Subject:
    """A contract, the sources that are its own, and its judges: a pair of tests/differential, which
    is asked first, and folders of tests/contracts, which are asked of what the pair lets pass."""

    name: str
    units: tuple[str, ...]
    pair: str | None
    folders: tuple[str, ...]
    score_min: float = OTHERS_MIN
    # So many distinct mutants by lot, unless the caller says otherwise; None for all of them.
    sample: int | None = None
    # The contract that is deployed, where these sources are a part of one that another subject is.
    part_of: str | None = None

    @property
    def contract(self) -> str:
        return self.part_of or self.name

    @property
    def unit(self) -> str:
        """The source of the contract that is deployed."""
        return f"contracts/{self.part_of}.sol" if self.part_of else self.units[0]


# Sources with nothing in them to change: a base contract of OpenZeppelin's by our name, structs and
# constants.
NOTHING_TO_CHANGE: Final = (
    "contracts/access/Authority.sol",
    "contracts/types/Rights.sol",
    "contracts/types/Works.sol",
)

SUBJECTS: Final = (
    Subject(
        "EpochDistributor",
        (
            "contracts/EpochDistributor.sol",
            "contracts/epoch/HolderCredits.sol",
            "contracts/epoch/RootQueue.sol",
            "contracts/epoch/RootFaults.sol",
            "contracts/libraries/SumTree.sol",
            "contracts/libraries/SafePush.sol",
        ),
        "epochs",
        ("epoch_distributor", "access"),
        CUSTODY_MIN,
    ),
    Subject(
        "RoyaltyLedger",
        (
            "contracts/RoyaltyLedger.sol",
            "contracts/splits/SplitVersions.sol",
            "contracts/access/TimedPause.sol",
        ),
        "royalties",
        ("royalty_ledger", "access"),
        CUSTODY_MIN,
    ),
    Subject(
        "DerivativeGraph",
        ("contracts/DerivativeGraph.sol", "contracts/libraries/AncestorVectors.sol"),
        "links",
        ("derivative_graph", "access"),
        sample=200,
    ),
    Subject(
        "DisputeCourt",
        ("contracts/DisputeCourt.sol", "contracts/libraries/Freezes.sol"),
        "disputes",
        ("dispute_court",),
        sample=200,
    ),
    Subject(
        "WorkRegistry",
        ("contracts/WorkRegistry.sol", "contracts/libraries/RegistrationHash.sol"),
        None,
        ("work_registry",),
        sample=40,
    ),
    Subject(
        "WorkToken",
        (
            "contracts/WorkToken.sol",
            "contracts/WorkInbox.sol",
            "contracts/libraries/ContentId.sol",
            "contracts/signing/SignedOnce.sol",
            "contracts/types/Identifiers.sol",
        ),
        None,
        ("work_registry",),
        sample=40,
        part_of="WorkRegistry",
    ),
    Subject(
        "ConsentRegistry",
        ("contracts/ConsentRegistry.sol", "contracts/communities/Communities.sol"),
        None,
        ("consent_registry",),
        sample=40,
    ),
    Subject(
        "LicenceRegistry",
        ("contracts/LicenceRegistry.sol", "contracts/licences/LicenceBook.sol"),
        None,
        ("licence_registry",),
        sample=40,
    ),
    Subject(
        "UsageOracle",
        ("contracts/UsageOracle.sol", "contracts/oracle/OperatorSet.sol"),
        None,
        ("usage_oracle",),
        sample=40,
    ),
    Subject(
        "SharingRules",
        ("contracts/SharingRules.sol", "contracts/libraries/Allocation.sol"),
        "rules",
        ("sharing_rules",),
        sample=200,
    ),
    Subject(
        "DirectReports",
        (
            "contracts/DirectReports.sol",
            "contracts/oracle/CountedEvents.sol",
            "contracts/libraries/EpochReports.sol",
        ),
        "directs",
        ("direct_reports",),
        CUSTODY_MIN,
        sample=200,
    ),
    Subject(
        "CouncilArbiter",
        ("contracts/arbiters/CouncilArbiter.sol", "contracts/access/Managed.sol"),
        "council",
        ("dispute_court", "access"),
    ),
    Subject(
        "ElderArbiter",
        ("contracts/arbiters/ElderArbiter.sol",),
        "elders",
        ("dispute_court",),
    ),
)
