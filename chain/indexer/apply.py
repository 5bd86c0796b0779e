"""From events to rows: one small function per event, none of which looks at what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Table

from chain.indexer import tables
from chain.indexer.events import ERC20, ChainEvent

Values = Mapping[str, Any]
Row = dict[str, Any]
Rows = list[tuple[Table, Row]]

DIRECT_LANE: Final = "direct"
EPOCH_LANE: Final = "epoch"
FIRST_COUNCIL: Final = 1


def rows_of(event: ChainEvent) -> Rows:
    """The rows of one event, each with its place on the chain."""
    place = {
        "block_number": event.log.block_number,
        "log_index": event.log.log_index,
        "tx_hash": event.log.tx_hash,
    }
    rows = APPLY[event.contract, event.name](event.values)
    return [(table, {**place, **row}) for table, row in rows]


def _copied(table: Table, columns: str) -> Callable[[Values], Rows]:
    """Copy parameters to columns of one table; `column=parameter` where the two differ."""
    pairs = [(part.partition("=")[0], part.partition("=")[2] or part) for part in columns.split()]

    def apply(values: Values) -> Rows:
        return [(table, {column: values[name] for column, name in pairs})]

    return apply


def _work_registered(v: Values) -> Rows:
    return [
        (
            tables.work_registered,
            {
                "work_id": v["workId"],
                "community_id": v["communityId"],
                "owner": v["owner"],
                "kind": v["kind"],
                "content_commitment": v["contentCommitment"],
                "manifest_digest": v["manifestDigest"],
            },
        )
    ]


def _community_founded(v: Values) -> Rows:
    founded = {
        "community_id": v["communityId"],
        "steward": v["steward"],
        "approvals_required": v["approvalsRequired"],
        "profile_digest": v["profileDigest"],
    }
    return [(tables.community_founded, founded), *_elders(v, FIRST_COUNCIL)]


def _elders(v: Values, council: int) -> Rows:
    key = {"community_id": v["communityId"], "council": council}
    return [
        (tables.community_elder, {"position": i, **key, "elder": elder})
        for i, elder in enumerate(v["elders"])
    ]


def _council_seated(v: Values) -> Rows:
    seated = {
        "community_id": v["communityId"],
        "council": v["council"],
        "steward": v["steward"],
        "approvals_required": v["approvalsRequired"],
    }
    return [(tables.council_seated, seated), *_elders(v, v["council"])]


def _stewardship(parameter: str, *, accepted: bool) -> Callable[[Values], Rows]:
    def apply(v: Values) -> Rows:
        row = {"community_id": v["communityId"], "account": v[parameter], "accepted": accepted}
        return [(tables.stewardship_step, row)]

    return apply


def _decision(v: Values) -> Rows:
    row = {
        "community_id": v["communityId"],
        "decision_hash": v["decisionHash"],
        "elder": v.get("elder"),
    }
    return [(tables.decision_step, row)]


def _consent(step: str) -> Callable[[Values], Rows]:
    def apply(v: Values) -> Rows:
        # What a proposal says is in a struct of its own; other steps say single words.
        said = v.get("proposal", v)
        row = {
            "work_id": v["workId"],
            "tier": v["tier"],
            "step": step,
            "terms_hash": said.get("termsHash"),
            "until": said.get("until"),
            "offer": v.get("offer"),
            "reaffirm_seconds": said.get("reaffirmSeconds"),
            "by_voucher": said.get("byVoucher"),
            "labels": said.get("labels"),
            "live_until": v.get("liveUntil"),
            "elder": v.get("elder"),
            "approvals": v.get("approvals"),
        }
        return [(tables.consent_step, row)]

    return apply


def _offer_opened(v: Values) -> Rows:
    terms = v["terms"]
    row = {
        "offer": v["offer"],
        "work_id": v["workId"],
        "tier": terms["tier"],
        "token": terms["token"],
        "price": terms["price"],
        "unit_price": terms["unitPrice"],
        "royalty_share": terms["royaltyShare"],
        "duration_seconds": terms["durationSeconds"],
        "unit_cap": terms["unitCap"],
        "revenue_cap": terms["revenueCap"],
        "sublicensable": terms["sublicensable"],
        "text_digest": terms["textDigest"],
    }
    return [(tables.offer_opened, row)]


def _licence_sublicensed(v: Values) -> Rows:
    """What is carved out of a licence counts as used by it."""
    caps = {"unit_cap": v["unitCap"], "revenue_cap": v["revenueCap"]}
    carved = {"licence_id": v["licenceId"], "parent_id": v["parent"], **caps}
    used = {
        "licence_id": v["parent"],
        "units": v["unitCap"],
        "revenue": v["revenueCap"],
        "units_used": v["unitsUsed"],
        "revenue_used": v["revenueUsed"],
    }
    return [(tables.licence_sublicensed, carved), (tables.usage_recorded, used)]


def _in(contract: str, table: Table, columns: str) -> Callable[[Values], Rows]:
    """Of an event that several contracts have: which one it was."""
    copied = _copied(table, columns)

    def apply(values: Values) -> Rows:
        return [(table, {**row, "contract": contract}) for table, row in copied(values)]

    return apply


def _derivative_linked(v: Values) -> Rows:
    child = v["child"]
    linked = {
        "child": child,
        "generation_id": v["generationId"],
        "depth": v["depth"],
        "vector": v["vector"],
    }
    parents: Rows = [
        (
            tables.derivative_parent,
            {
                "position": i,
                "child": child,
                "parent": parent["workId"],
                "licence_id": parent["licenceId"],
            },
        )
        for i, parent in enumerate(v["parents"])
    ]
    return [(tables.derivative_linked, linked), *parents]


def _split_set(v: Values) -> Rows:
    key = {"work_id": v["workId"], "version": v["version"]}
    shares: Rows = [
        (tables.split_share, {"position": i, **key, "payee": s["payee"], "bps": s["bps"]})
        for i, s in enumerate(v["shares"])
    ]
    return [(tables.split_set, key), *shares]


def _split_proposed(v: Values) -> Rows:
    key = {"work_id": v["workId"], "version": v["version"]}
    shares: Rows = [
        (tables.split_proposed_share, {"position": i, **key, "payee": s["payee"], "bps": s["bps"]})
        for i, s in enumerate(v["shares"])
    ]
    return [(tables.split_proposed, {**key, "enactable_from": v["enactableFrom"]}), *shares]


def _split_answer(*, is_consent: bool) -> Callable[[Values], Rows]:
    def apply(v: Values) -> Rows:
        row = {"work_id": v["workId"], "version": v["version"], "payee": v["payee"]}
        return [(tables.split_answer, {**row, "is_consent": is_consent})]

    return apply


def _payout_address(lane: str) -> Callable[[Values], Rows]:
    def apply(v: Values) -> Rows:
        row = {"lane": lane, "payee": v["payee"], "recipient": v["to"]}
        return [(tables.payout_address, row)]

    return apply


def _epoch_posted(v: Values) -> Rows:
    report = v["report"]
    posted = {
        "epoch": v["epoch"],
        "report_hash": v["reportHash"],
        "previous_report": report["previousReport"],
        "token": report["token"],
        "usage_root": report["usageRoot"],
        "event_count": report["eventCount"],
        "segments_digest": report["segmentsDigest"],
        "sum_root": report["sumRoot"],
        "leaf_root": report["leafRoot"],
        "leaf_count": report["leafCount"],
        "cumulative_total": report["cumulativeTotal"],
        "state_block": report["stateBlock"],
        "state_time": report["stateTime"],
        "licence_usage_hash": report["licenceUsageHash"],
        "withheld_hash": report["withheldHash"],
        "program_hash": report["programHash"],
    }
    usage: Rows = [
        (
            tables.epoch_licence_usage,
            {
                "position": i,
                "epoch": v["epoch"],
                "licence_id": line["licenceId"],
                "units": line["units"],
                "revenue": line["revenue"],
            },
        )
        for i, line in enumerate(v["licenceUsage"])
    ]
    return [(tables.epoch_posted, posted), *usage]


# Both say the new totals, and the last one says how things stand.
_USAGE: Final = _copied(
    tables.usage_recorded,
    "licence_id=licenceId units revenue units_used=unitsUsed revenue_used=revenueUsed",
)

APPLY: Final[dict[tuple[str, str], Callable[[Values], Rows]]] = {
    ("WorkRegistry", "WorkRegistered"): _work_registered,
    ("WorkRegistry", "Transfer"): _copied(
        tables.work_transferred, "work_id=tokenId sender=from recipient=to"
    ),
    ("WorkRegistry", "WorkDisplaced"): _copied(
        tables.work_displaced, "work_id=displaced displaced_by=by"
    ),
    ("WorkRegistry", "RecordingOf"): _copied(tables.recording_of, "recording composition"),
    ("WorkRegistry", "CatalogueRegistered"): _copied(
        tables.catalogue_registered,
        "catalogue_hash=catalogueHash community_id=communityId owner works=count root"
        " manifest_digest=manifestDigest",
    ),
    ("WorkRegistry", "WorkMaterialised"): _copied(
        tables.work_materialised,
        "work_id=workId catalogue_hash=catalogueHash catalogue_position=position",
    ),
    ("ConsentRegistry", "CommunityFounded"): _community_founded,
    ("ConsentRegistry", "StewardshipOffered"): _stewardship("to", accepted=False),
    ("ConsentRegistry", "StewardshipAccepted"): _stewardship("steward", accepted=True),
    ("ConsentRegistry", "CouncilSeated"): _council_seated,
    ("ConsentRegistry", "DecisionApproved"): _decision,
    ("ConsentRegistry", "DecisionMade"): _decision,
    ("ConsentRegistry", "ConsentProposed"): _consent("proposed"),
    ("ConsentRegistry", "ConsentApproved"): _consent("approved"),
    ("ConsentRegistry", "ConsentGranted"): _consent("granted"),
    ("ConsentRegistry", "ConsentRefused"): _consent("refused"),
    ("ConsentRegistry", "ConsentSuspended"): _consent("suspended"),
    ("ConsentRegistry", "ConsentResumed"): _consent("resumed"),
    ("ConsentRegistry", "ConsentWithdrawn"): _consent("withdrawn"),
    ("ConsentRegistry", "ConsentReaffirmed"): _consent("reaffirmed"),
    ("ConsentRegistry", "NonceRevoked"): _in(
        "ConsentRegistry", tables.nonce_revoked, "signer nonce"
    ),
    ("LicenceRegistry", "OfferOpened"): _offer_opened,
    ("LicenceRegistry", "LicenceTaken"): _copied(
        tables.licence_taken, "licence_id=licenceId work_id=workId holder offer expiry"
    ),
    ("LicenceRegistry", "LicenceSublicensed"): _licence_sublicensed,
    ("LicenceRegistry", "VoucherRedeemed"): _copied(
        tables.voucher_redeemed, "licence_id=licenceId issuer nonce uses"
    ),
    ("WorkRegistry", "NonceRevoked"): _in("WorkRegistry", tables.nonce_revoked, "signer nonce"),
    ("LicenceRegistry", "NonceRevoked"): _in(
        "LicenceRegistry", tables.nonce_revoked, "signer nonce"
    ),
    ("LicenceRegistry", "UsageRecorded"): _USAGE,
    ("LicenceRegistry", "UsageReturned"): _USAGE,
    ("DerivativeGraph", "DerivativeLinked"): _derivative_linked,
    ("DerivativeGraph", "FloorDeclared"): _copied(tables.floor_declared, "work_id=root floor"),
    ("RoyaltyLedger", "TokenAccepted"): _copied(tables.token_accepted, "token"),
    ("RoyaltyLedger", "SplitSet"): _split_set,
    ("RoyaltyLedger", "SplitProposed"): _split_proposed,
    ("RoyaltyLedger", "SplitConsented"): _split_answer(is_consent=True),
    ("RoyaltyLedger", "SplitObjected"): _split_answer(is_consent=False),
    ("RoyaltyLedger", "Paid"): _copied(tables.payment, "work_id=workId token payer amount gross"),
    ("RoyaltyLedger", "Settled"): _copied(
        tables.income_settled, "work_id=workId token amount settled"
    ),
    ("RoyaltyLedger", "PaidOut"): _copied(
        tables.direct_payout, "work_id=workId token payee version recipient=to amount paid"
    ),
    ("RoyaltyLedger", "PayoutDeferred"): _copied(
        tables.direct_deferral, "work_id=workId token payee version amount"
    ),
    ("RoyaltyLedger", "PayoutAddressSet"): _payout_address(DIRECT_LANE),
    ("UsageOracle", "EpochPosted"): _epoch_posted,
    ("EpochDistributor", "Funded"): _copied(tables.epoch_funded, "token payer=from amount funded"),
    ("EpochDistributor", "RootProposed"): _copied(
        tables.root_proposed,
        "token epoch sum_root=sumRoot total leaf_count=leafCount claimable_from=claimableFrom",
    ),
    ("EpochDistributor", "RootActivated"): _copied(
        tables.root_activated, "token epoch report_hash=reportHash total"
    ),
    ("EpochDistributor", "RootRejected"): _copied(
        tables.root_rejected, "token epoch report_hash=reportHash fault reason"
    ),
    ("EpochDistributor", "PaidOut"): _copied(
        tables.epoch_payout, "token payee recipient=to amount claimed"
    ),
    ("EpochDistributor", "PayoutDeferred"): _copied(tables.epoch_deferral, "token payee amount"),
    ("EpochDistributor", "PayoutAddressSet"): _payout_address(EPOCH_LANE),
    ("DisputeCourt", "ArbiterSet"): _copied(tables.arbiter_set, "community_id=communityId arbiter"),
    ("DisputeCourt", "CaseOpened"): _copied(
        tables.case_opened,
        "case_id=caseId work_id=workId payee disputer evidence bond arbiter"
        " frozen_until=frozenUntil",
    ),
    ("DisputeCourt", "CaseAnswered"): _copied(
        tables.case_answered, "case_id=caseId defender evidence"
    ),
    ("DisputeCourt", "EvidenceGiven"): _copied(
        tables.case_evidence, "case_id=caseId party evidence"
    ),
    ("DisputeCourt", "CaseEnded"): _copied(
        tables.case_ended, "case_id=caseId status frozen_until=frozenUntil"
    ),
    ("DisputeCourt", "BondsOwed"): _copied(tables.bonds_owed, "case_id=caseId account amount"),
    ("DisputeCourt", "BondsCollected"): _copied(tables.bonds_collected, "account amount"),
    ("SharingRules", "SharingRuleAnnounced"): _copied(
        tables.sharing_rule_announced,
        "community_id=communityId version rule phi_bps=phiBps from_epoch=fromEpoch",
    ),
    (ERC20, "Transfer"): _copied(
        tables.token_transfer, "token sender=from recipient=to amount=value"
    ),
}
