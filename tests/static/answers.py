"""What slither reports of our contracts, and why each of it stays as it is."""

from __future__ import annotations

from typing import Final

CLASSES: Final = {
    "calls-loop": "loops end after 16 parents, 64 payees or 128 works, and call contracts of ours",
    "missing-zero-check": "the deployment compares every address it wires with its prediction",
    "timestamp": "windows of days, and a block's proposer moves time by seconds",
    "uninitialized-local": "Solidity starts every local variable at zero, and these are meant to",
}

_ENDS_CONSENTS: Final = (
    "the registry of consents withdraws those of a displaced work: it writes and calls nobody"
)
_HOLDER_IS_KNOWN: Final = (
    "whose use it was is in what is held: the registry was asked for it before"
)

FINDINGS: Final = {
    ("arbitrary-send-erc20", "RoyaltyLedger.payFrom(address,WorkId,IERC20,uint128)"): (
        "only the licence registry calls it, for the licensee who called or signed"
    ),
    ("divide-before-multiply", "WorkToken.royaltyInfo(uint256,uint256)"): (
        "whole and rest are multiplied apart, so that no price overflows; the sum is exact"
    ),
    (
        "reentrancy-benign",
        "DisputeCourt.open(WorkId,address,bytes32,Share[],uint96)",
    ): "noting a dispute sets one bit in the ledger and calls nobody",
    (
        "reentrancy-no-eth",
        "DisputeCourt.open(WorkId,address,bytes32,Share[],uint96)",
    ): "noting a dispute sets one bit in the ledger and calls nobody",
    ("reentrancy-events", "DirectReports.reject(IDirectReports.Held,bytes32)"): (
        "before the event only the authority is asked, which is ours; the registry comes after it"
    ),
    **{
        (kind, f"WorkRegistry.{function}"): _ENDS_CONSENTS
        for kind, function in (
            ("reentrancy-benign", "registerRecording(WorkId,Registration)"),
            ("reentrancy-events", "registerRecording(WorkId,Registration)"),
            ("reentrancy-no-eth", "registerRecording(WorkId,Registration)"),
            ("reentrancy-events", "materialise(Catalogue,CatalogueWork,bytes32[])"),
            ("reentrancy-no-eth", "_register(uint64,address,Registration,uint40)"),
            ("reentrancy-no-eth", "_registerMany(address,Registration[],uint40)"),
        )
    },
    ("shadowing-local", "OperatorSet.constructor.bond"): (
        "a constructor cannot mean the function that adds to a bond"
    ),
    ("shadowing-local", "UsageOracle.constructor.bond"): (
        "a constructor cannot mean the function that adds to a bond"
    ),
    ("unused-return", "LicenceRegistry._checkConsent(WorkId,Tier,bytes32)"): (
        "asked for its refusal of a work nobody registered"
    ),
    ("unused-return", "DirectReports._reject(IDirectReports.Held,uint64,bytes32)"): (
        _HOLDER_IS_KNOWN
    ),
    (
        "unused-return",
        "DirectReports.post(IDirectReports.DirectReport,Terms,IOperatorSet.Signature[])",
    ): _HOLDER_IS_KNOWN,
    (
        "unused-return",
        "RootFaults.checkLeaf(IERC20,RootFaults.Root,IEpochDistributor.ProvenLeaf)",
    ): "asked for its refusal of a leaf that is not in the tree; the total is the root's own",
    (
        "unused-return",
        "SharingRules.announce(CommunityId,ISharingRules.SharingRule,uint16,uint64)",
    ): "the values before and after are known: both were read",
}
