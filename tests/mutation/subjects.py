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

    @property
    def unit(self) -> str:
        return self.units[0]


SUBJECTS: Final = (
    Subject(
        "EpochDistributor",
        (
            "contracts/EpochDistributor.sol",
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
