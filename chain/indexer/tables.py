"""The projection: one table per kind of event, and what is needed to follow a chain that forks.

Every row of an event table says in which block and log it was, and nothing is ever updated. So
the state at any block is "the last row up to there", and undoing blocks is deleting rows. The
tables are rebuilt from the chain whenever their shape or their sources change; they need no
migrations. To index another event, add it to `of` of a table here (see `event_table`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from chain.indexer.columns import Account
from chain.indexer.event_table import DIGEST, SOURCES, event_table, metadata, of
from chain.ledger.keccak import keccak256

DIRECT_LANE: Final = "direct"
EPOCH_LANE: Final = "epoch"
FIRST_COUNCIL: Final = 1

index_state = Table(
    "index_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("projection_version", Text, nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("genesis_hash", DIGEST, nullable=False),
    # Which contracts are followed: an index of another deployment is refused.
    Column("deployment_hash", DIGEST, nullable=False),
    Column("cursor_number", BigInteger, nullable=False),
    Column("cursor_hash", DIGEST, nullable=False),
    Column("cursor_timestamp", BigInteger, nullable=False),
    Column("head_number", BigInteger, nullable=False),
    Column("reorg_count", Integer, nullable=False),
    Column("deepest_reorg", BigInteger, nullable=False),
    Column("paused_reason", Text),
)
block = Table(
    "block",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", DIGEST, nullable=False),
    Column("parent_hash", DIGEST, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
)
log = Table(
    "log",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("tx_hash", DIGEST, nullable=False),
    Column("address", Account, nullable=False),
    # Topics one after the other, 32 bytes each.
    Column("topics", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
# Logs of our contracts that their ABIs cannot read: kept in `log`, and told of until looked at.
quarantine = Table(
    "quarantine",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
)

# works

work_registered = event_table(
    "work_registered",
    of(
        "WorkRegistry.WorkRegistered",
        "work_id community_id owner kind content_commitment manifest_digest",
    ),
    key="work_id",
)
work_transferred = event_table(
    "work_transferred",
    of("WorkRegistry.Transfer", "work_id=token_id sender=from recipient=to"),
    key="work_id",
)
work_displaced = event_table(
    "work_displaced",
    of("WorkRegistry.WorkDisplaced", "work_id=displaced displaced_by=by"),
    key="work_id",
)
recording_of = event_table(
    "recording_of", of("WorkRegistry.RecordingOf", "recording composition"), key="recording"
)
catalogue_registered = event_table(
    "catalogue_registered",
    of(
        "WorkRegistry.CatalogueRegistered",
        "catalogue_hash community_id owner works=count root manifest_digest",
    ),
    key="catalogue_hash",
)
work_materialised = event_table(
    "work_materialised",
    of("WorkRegistry.WorkMaterialised", "work_id catalogue_hash catalogue_position=position"),
    key="work_id",
)

# communities and consent

community_founded = event_table(
    "community_founded",
    of(
        "ConsentRegistry.CommunityFounded",
        "community_id steward approvals_required profile_digest",
    ),
    key="community_id",
)
# Another steward, council and quorum, by decision of the council before; its elders are rows of
# `community_elder`, whose first council is 1.
council_seated = event_table(
    "council_seated",
    of("ConsentRegistry.CouncilSeated", "community_id council steward approvals_required"),
    key="community_id",
)
community_elder = event_table(
    "community_elder",
    of(
        "ConsentRegistry.CommunityFounded",
        "community_id elder=elders",
        each="elders",
        council=FIRST_COUNCIL,
    ),
    of("ConsentRegistry.CouncilSeated", "community_id council elder=elders", each="elders"),
    key="community_id",
)
stewardship_step = event_table(
    "stewardship_step",
    of("ConsentRegistry.StewardshipOffered", "community_id account=to", accepted=False),
    of("ConsentRegistry.StewardshipAccepted", "community_id account=steward", accepted=True),
    key="community_id",
)
sharing_rule_announced = event_table(
    "sharing_rule_announced",
    of("SharingRules.SharingRuleAnnounced", "community_id version rule phi_bps from_epoch"),
    key="community_id",
)
# An approval names its elder; the row without one says that the decision was made.
decision_step = event_table(
    "decision_step",
    of("ConsentRegistry.DecisionApproved", "community_id decision_hash elder"),
    of("ConsentRegistry.DecisionMade", "community_id decision_hash"),
    key="community_id",
)
consent_step = event_table(
    "consent_step",
    of(
        "ConsentRegistry.ConsentProposed",
        "work_id tier offer proposal.terms_hash proposal.until proposal.reaffirm_seconds"
        " proposal.by_voucher proposal.labels",
        step="proposed",
    ),
    of("ConsentRegistry.ConsentApproved", "work_id tier elder approvals", step="approved"),
    of("ConsentRegistry.ConsentGranted", "work_id tier terms_hash until", step="granted"),
    of("ConsentRegistry.ConsentRefused", "work_id tier", step="refused"),
    of("ConsentRegistry.ConsentSuspended", "work_id tier", step="suspended"),
    of("ConsentRegistry.ConsentResumed", "work_id tier", step="resumed"),
    of("ConsentRegistry.ConsentWithdrawn", "work_id tier", step="withdrawn"),
    of("ConsentRegistry.ConsentReaffirmed", "work_id tier live_until", step="reaffirmed"),
    key="work_id tier",
)
# Signed words that were struck out before they were used up.
nonce_revoked = event_table(
    "nonce_revoked",
    of("ConsentRegistry.NonceRevoked", "signer nonce", contract="ConsentRegistry"),
    of("WorkRegistry.NonceRevoked", "signer nonce", contract="WorkRegistry"),
    of("LicenceRegistry.NonceRevoked", "signer nonce", contract="LicenceRegistry"),
    key="signer",
)

# licences and derivatives

# The terms that all licences under an offer have in common, said when the first one is taken.
offer_opened = event_table(
    "offer_opened",
    of(
        "LicenceRegistry.OfferOpened",
        "offer work_id terms.tier terms.token terms.price terms.unit_price terms.royalty_share"
        " terms.duration_seconds terms.unit_cap terms.revenue_cap terms.sublicensable"
        " terms.text_digest",
    ),
    key="offer",
)
licence_taken = event_table(
    "licence_taken",
    of("LicenceRegistry.LicenceTaken", "licence_id work_id holder offer expiry"),
    key="licence_id",
    also="work_id",
)
# What a sublicence has of its own: where it comes from and its caps.
licence_sublicensed = event_table(
    "licence_sublicensed",
    of("LicenceRegistry.LicenceSublicensed", "licence_id parent_id=parent unit_cap revenue_cap"),
    key="licence_id",
)
voucher_redeemed = event_table(
    "voucher_redeemed",
    of("LicenceRegistry.VoucherRedeemed", "licence_id issuer nonce uses"),
    key="issuer",
)
# Both say the new totals, and the last one says how things stand. Use under a sublicence is told of
# every licence on its path.
usage_recorded = event_table(
    "usage_recorded",
    of("LicenceRegistry.UsageRecorded", "licence_id units revenue units_used revenue_used"),
    of("LicenceRegistry.UsageReturned", "licence_id units revenue units_used revenue_used"),
    key="licence_id",
)
derivative_linked = event_table(
    "derivative_linked",
    of("DerivativeGraph.DerivativeLinked", "child generation_id depth vector"),
    key="child",
    also="generation_id",
)
derivative_parent = event_table(
    "derivative_parent",
    of(
        "DerivativeGraph.DerivativeLinked",
        "child parent=parents.work_id parents.licence_id",
        each="parents",
    ),
    key="child",
    also="parent",
)
floor_declared = event_table(
    "floor_declared",
    of("DerivativeGraph.FloorDeclared", "work_id=root floor binds_from"),
    key="work_id",
)

# the direct lane

token_accepted = event_table("token_accepted", of("RoyaltyLedger.TokenAccepted", "token"))
split_set = event_table("split_set", of("RoyaltyLedger.SplitSet", "work_id version"), key="work_id")
split_share = event_table(
    "split_share",
    of("RoyaltyLedger.SplitSet", "work_id version shares.payee shares.bps", each="shares"),
    key="work_id version",
    also="payee",
)
split_proposed = event_table(
    "split_proposed",
    of("RoyaltyLedger.SplitProposed", "work_id version enactable_from"),
    key="work_id",
)
split_proposed_share = event_table(
    "split_proposed_share",
    of("RoyaltyLedger.SplitProposed", "work_id version shares.payee shares.bps", each="shares"),
    key="work_id version",
)
# What a payee said of a proposal: consent, or an objection.
split_answer = event_table(
    "split_answer",
    of("RoyaltyLedger.SplitConsented", "work_id version payee", is_consent=True),
    of("RoyaltyLedger.SplitObjected", "work_id version payee", is_consent=False),
    key="work_id version",
)
payment = event_table(
    "payment", of("RoyaltyLedger.Paid", "work_id token payer amount gross"), key="work_id"
)
income_settled = event_table(
    "income_settled", of("RoyaltyLedger.Settled", "work_id token amount settled"), key="work_id"
)
direct_payout = event_table(
    "direct_payout",
    of("RoyaltyLedger.PaidOut", "work_id token payee version recipient=to amount paid"),
    key="payee",
    also="work_id",
)
direct_deferral = event_table(
    "direct_deferral",
    of("RoyaltyLedger.PayoutDeferred", "work_id token payee version amount"),
    key="payee",
)
payout_address = event_table(
    "payout_address",
    of("RoyaltyLedger.PayoutAddressSet", "payee recipient=to", lane=DIRECT_LANE),
    of("EpochDistributor.PayoutAddressSet", "payee recipient=to", lane=EPOCH_LANE),
    key="payee",
)

# the epoch lane

epoch_posted = event_table(
    "epoch_posted",
    of(
        "UsageOracle.EpochPosted",
        "epoch report_hash previous_report=report.previous_report report.token report.usage_root"
        " report.event_count report.segments_digest report.sum_root report.leaf_root"
        " report.leaf_count report.cumulative_total report.state_block report.state_time"
        " report.licence_usage_hash report.withheld_hash report.program_hash",
    ),
    key="epoch",
)
epoch_licence_usage = event_table(
    "epoch_licence_usage",
    of(
        "UsageOracle.EpochPosted",
        "epoch licence_usage.licence_id licence_usage.units licence_usage.revenue",
        each="licenceUsage",
    ),
    key="epoch",
)
# What a licence holder has in the lane after each step; `funded` is all that a token's lane got.
credit_step = event_table(
    "credit_step",
    of("EpochDistributor.Funded", "token holder amount credit funded", step="funded"),
    of("EpochDistributor.Charged", "token holder amount credit", step="charged"),
    of("EpochDistributor.ChargeReturned", "token holder amount credit", step="returned"),
    key="holder",
)
root_proposed = event_table(
    "root_proposed",
    of("EpochDistributor.RootProposed", "token epoch sum_root total leaf_count claimable_from"),
    key="epoch",
)
root_activated = event_table(
    "root_activated",
    of("EpochDistributor.RootActivated", "token epoch report_hash total"),
    key="epoch",
)
root_rejected = event_table(
    "root_rejected",
    of("EpochDistributor.RootRejected", "token epoch report_hash fault reason"),
    key="epoch",
)
epoch_payout = event_table(
    "epoch_payout",
    of("EpochDistributor.PaidOut", "token payee recipient=to amount claimed"),
    key="payee",
)
epoch_deferral = event_table(
    "epoch_deferral", of("EpochDistributor.PayoutDeferred", "token payee amount"), key="payee"
)

# direct reports, and the deposits they are paid from

# `free` is what the platform has unlocked then.
deposit_step = event_table(
    "deposit_step",
    of("DirectReports.Deposited", "platform token amount free", is_taken_back=False),
    of("DirectReports.TakenBack", "platform token amount free", is_taken_back=True),
    key="platform",
)
direct_report_posted = event_table(
    "direct_report_posted",
    of(
        "DirectReports.DirectReportPosted",
        "event_id report.usage_kind report.licence_id report.generation_id report.source_key"
        " report.occurred_at report.evidence report.program_hash report.deadline held.work_id"
        " held.platform held.token held.amount held.releasable_from free",
    ),
    key="event_id",
    also="licence_id",
)
direct_report_released = event_table(
    "direct_report_released", of("DirectReports.DirectReportReleased", "event_id"), key="event_id"
)
# `epoch` zero: the council rejected it.
direct_report_rejected = event_table(
    "direct_report_rejected",
    of("DirectReports.DirectReportRejected", "event_id epoch reason free"),
    key="event_id",
)

# disputes and pauses

arbiter_set = event_table("arbiter_set", of("DisputeCourt.ArbiterSet", "community_id arbiter"))
case_opened = event_table(
    "case_opened",
    of(
        "DisputeCourt.CaseOpened",
        "case_id work_id payee disputer evidence bond arbiter frozen_until",
    ),
    key="work_id payee",
)
case_answered = event_table(
    "case_answered", of("DisputeCourt.CaseAnswered", "case_id defender evidence"), key="case_id"
)
case_evidence = event_table(
    "case_evidence", of("DisputeCourt.EvidenceGiven", "case_id party evidence"), key="case_id"
)
case_ended = event_table(
    "case_ended", of("DisputeCourt.CaseEnded", "case_id status frozen_until"), key="case_id"
)
bonds_owed = event_table(
    "bonds_owed", of("DisputeCourt.BondsOwed", "case_id account amount"), key="account"
)
bonds_collected = event_table(
    "bonds_collected", of("DisputeCourt.BondsCollected", "account amount"), key="account"
)
_PAUSABLE: Final = ("DerivativeGraph", "RoyaltyLedger", "UsageOracle", "DirectReports")
# A pause says until when; the row without says that a guardian ended it.
pause_step = event_table(
    "pause_step",
    *(of(f"{name}.PauseBegan", "guardian until", contract=name) for name in _PAUSABLE),
    *(of(f"{name}.PauseEnded", "guardian", contract=name) for name in _PAUSABLE),
)

# Transfers from and to the contracts that hold money, of any ERC-20 token.
token_transfer = event_table(
    "token_transfer", of("ERC20.Transfer", "token=emitter sender=from recipient=to amount=value")
)

_FILLED: Final = {table for fills in SOURCES.values() for table, _ in fills}
EVENT_TABLES: Final = tuple(table for table in metadata.tables.values() if table in _FILLED)
# What a rollback deletes from; `block` is told by its own column.
PLACED_TABLES: Final = (*EVENT_TABLES, quarantine, log)


def _projection_version() -> str:
    """Names the shape of all tables and where their values come from."""
    shape = [
        f"{table.name}({', '.join(f'{c.name} {c.type!r} {c.nullable}' for c in table.columns)})"
        for table in metadata.sorted_tables
    ]
    sources = [
        f"{table.name} {source} {source.abi}"
        for fills in SOURCES.values()
        for table, source in fills
    ]
    return keccak256("\n".join(sorted(shape) + sorted(sources)).encode()).hex()[:16]


PROJECTION_VERSION: Final = _projection_version()
