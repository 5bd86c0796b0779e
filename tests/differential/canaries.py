"""The defects that a run beside a model must find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain.client.interfaces import Interface
from tests.differential.machine import Mutation, compiled


@dataclass(frozen=True)
class Canary:
    """A defect in one contract that the pair of this name must find."""

    name: str
    pair: str
    unit: str
    contract: str
    mutation: Mutation

    def code(self) -> Interface:
        return compiled(self.unit, self.contract, self.mutation)


_LEDGER: Final = "contracts/RoyaltyLedger.sol"
_PAUSE: Final = "contracts/access/TimedPause.sol"
_SPLITS: Final = "contracts/splits/SplitVersions.sol"
_GRAPH: Final = "contracts/DerivativeGraph.sol"
_VECTORS: Final = "contracts/libraries/AncestorVectors.sol"

_DISTRIBUTOR: Final = "contracts/EpochDistributor.sol"
_QUEUE: Final = "contracts/epoch/RootQueue.sol"
_CREDITS: Final = "contracts/epoch/HolderCredits.sol"
_FAULTS: Final = "contracts/epoch/RootFaults.sol"
_SUMS: Final = "contracts/libraries/SumTree.sol"
_RULES: Final = "contracts/SharingRules.sol"
_ALLOCATION: Final = "contracts/libraries/Allocation.sol"
_DIRECTS: Final = "contracts/DirectReports.sol"
_COUNTED: Final = "contracts/oracle/CountedEvents.sol"
_COUNCIL: Final = "contracts/arbiters/CouncilArbiter.sol"
_ELDERS: Final = "contracts/arbiters/ElderArbiter.sol"
_COURT: Final = "contracts/DisputeCourt.sol"
_FREEZES: Final = "contracts/libraries/Freezes.sol"

CANARIES: Final = (
    Canary(
        "a stretch of freezes has no limit",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_FREEZES, "if (until > limit) until = limit;", "limit;"),
    ),
    Canary(
        "a freeze outlasts its last case",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_FREEZES, "if (history.openCases == 0) history.until", "history.until"),
    ),
    Canary(
        "the winner gets the treasury's half too",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_COURT, "(isUpheld ? bond : 0) + (lost - fee);", "(isUpheld ? bond : 0) + lost;"),
    ),
    Canary(
        "a stretch is used up by days that were free",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_FREEZES, "now_ - (used - uint40(givenBack))", "past.stretchFrom"),
    ),
    Canary(
        "who agrees to be frozen uses a stretch up",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_COURT, "if (isUpheld && !isRuled) history.agree(docket.era);", ""),
    ),
    Canary(
        "who is ruled against agrees to be frozen",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_COURT, "if (isUpheld && !isRuled) history", "if (isUpheld) history"),
    ),
    Canary(
        "a friend's bond is lost when the payee gives in",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(_COURT, "(isRuled || defender == matter.payee)", "isDefended"),
    ),
    Canary(
        "somebody else's share is frozen",
        "disputes",
        _COURT,
        "DisputeCourt",
        Mutation(
            _COURT,
            "_freezes[workId][payee] = history;",
            "_freezes[workId][msg.sender] = history;",
        ),
    ),
    Canary(
        "rounds at every settlement",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_LEDGER, "+= amount * share;", "+= amount * share / SHARE_SCALE * SHARE_SCALE;"),
    ),
    Canary(
        "rounds away what a payment does not fill",
        "partitions",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_LEDGER, "+= amount * share;", "+= amount * share / SHARE_SCALE * SHARE_SCALE;"),
    ),
    Canary(
        "a dispute is noted nowhere",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_LEDGER, "if (!book.wasDisputed) book.wasDisputed = true;", ""),
    ),
    Canary(
        "begins no new segment",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(
            _LEDGER,
            "if (accrued != 0) _segmentStart[workId][token][version] = accrued;",
            "accrued;",
        ),
    ),
    Canary(
        "a token that calls back finds the ledger open",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(
            _LEDGER,
            "bytes calldata vector) external nonReentrant {",
            "bytes calldata vector) external {",
        ),
    ),
    Canary(
        "a pause never ends",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_PAUSE, "if (block.timestamp < until) revert", "if (until != 0) revert"),
    ),
    Canary(
        "a steward overrules where no elders have a say",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(
            _SPLITS,
            "consents.communityOf(community).approvalsRequired != 0",
            "consents.communityOf(community).elderCount != 0",
        ),
    ),
    Canary(
        "a steward sets a first split without its elders",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_SPLITS, "if (!consents.isDecided(elders, decision)) revert", "if (false) revert"),
    ),
    Canary(
        "who consented and then objects is taken to consent",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_SPLITS, "proposal.isUnanimous = false;", ""),
    ),
    Canary(
        "objections to a displaced work's split stand",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_SPLITS, "if (works.displacedBy(workId) != _setFor[workId]) return true;", ""),
    ),
    Canary(
        "objections to a displaced work's splits never stand",
        "royalties",
        _LEDGER,
        "RoyaltyLedger",
        Mutation(_SPLITS, "if (by != _NO_WORK) _setFor[workId] = by;", "by;"),
    ),
    Canary(
        "a recording goes without its composition",
        "links",
        _GRAPH,
        "DerivativeGraph",
        Mutation(
            _GRAPH,
            "if (works.displacedBy(composition) == _NO_WORK) revert",
            "if (false) revert",
        ),
    ),
    Canary(
        "a part of a share is rounded up",
        "links",
        _GRAPH,
        "DerivativeGraph",
        Mutation(
            _VECTORS,
            "(entry & SHARE_MASK) / SHARE_SCALE",
            "(entry & SHARE_MASK) / (SHARE_SCALE - 1)",
        ),
    ),
    Canary(
        "a floor binds without notice",
        "links",
        _GRAPH,
        "DerivativeGraph",
        Mutation(_GRAPH, " && block.timestamp >= _floors[parent].bindsFrom;", ";"),
    ),
    Canary(
        "what is folded is lost",
        "links",
        _GRAPH,
        "DerivativeGraph",
        Mutation(_VECTORS, "entries[place] = entry + share;", ""),
    ),
    Canary(
        "any index proves a leaf",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(_SUMS, "if (index >> path.length != 0 || provenBy", "if (provenBy"),
    ),
    Canary(
        "a payee is paid all of it again",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(_DISTRIBUTOR, "_accounts[token][payee] = account + amount;", ""),
    ),
    Canary(
        "a rejection leaves what was built on it",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(
            _QUEUE,
            "book.waiting = uint8(place - book.active - 1);",
            "book.waiting = uint8(last - book.active - 1);",
        ),
    ),
    Canary(
        "a holder is charged what it does not have",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(_CREDITS, "if (amount > credit) revert", "if (amount > charged) revert"),
    ),
    Canary(
        "roots at once bring a ceiling each",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(
            _QUEUE, "base = Math.max(_activeRoot(token).total,", "base = Math.max(_promised(token),"
        ),
    ),
    Canary(
        "a rejected report stands",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(_QUEUE, "_rejectedReport[epoch] == reportHash ?", "reportHash == bytes32(0) ?"),
    ),
    Canary(
        "a decrease cannot be shown",
        "epochs",
        _DISTRIBUTOR,
        "EpochDistributor",
        Mutation(
            _FAULTS,
            "return leaf.payout.cumulative < cumulative;",
            "return leaf.index == leafCount;",
        ),
    ),
    Canary(
        "a rule is announced without notice",
        "rules",
        _RULES,
        "SharingRules",
        Mutation(_RULES, "_NOTICE_EPOCHS = 2;", "_NOTICE_EPOCHS = 1;"),
    ),
    Canary(
        "a unit is lost between two payees",
        "rules",
        _RULES,
        "SharingRules",
        Mutation(_ALLOCATION, "paid = upTo;", "paid = upTo + (i & 1);"),
    ),
    Canary(
        "a rejected use is not given back to its licence",
        "directs",
        _DIRECTS,
        "DirectReports",
        Mutation(_DIRECTS, "licences.returnUsage(_usage(held.licenceId, held.amount));", ""),
    ),
    Canary(
        "a report is released before its window is over",
        "directs",
        _DIRECTS,
        "DirectReports",
        Mutation(
            _DIRECTS, "if (block.timestamp < held.releasableFrom) revert", "if (false) revert"
        ),
    ),
    Canary(
        "an epoch that stands nowhere rejects a report",
        "directs",
        _DIRECTS,
        "DirectReports",
        Mutation(_COUNTED, "if (named != reportHash) revert", "if (named == 0) revert"),
    ),
    Canary(
        "the council rules twice",
        "council",
        _COUNCIL,
        "CouncilArbiter",
        Mutation(_COUNCIL, "if (given != Ruling.NONE) revert", "if (given == ruling) revert"),
    ),
    Canary(
        "elders of two minds rule for the disputer",
        "elders",
        _ELDERS,
        "ElderArbiter",
        Mutation(
            _ELDERS,
            "if (_isDecided(caseId, communityId, Ruling.DISMISSED)) return Ruling.DISMISSED;",
            "",
        ),
    ),
    Canary(
        "a council that gave up its seats rules",
        "elders",
        _ELDERS,
        "ElderArbiter",
        Mutation(_ELDERS, "communityId, council, ruling", "communityId, council >> 32, ruling"),
    ),
)
