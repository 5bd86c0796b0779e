"""The projection: one table per kind of event, and what is needed to follow a chain that forks.

Every row of an event table says in which block and log it was, and nothing is ever updated. So
the state at any block is "the last row up to there", and undoing blocks is deleting rows. The
tables are rebuilt from the chain whenever `PROJECTION_VERSION` changes; they need no migrations.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text

from chain.indexer.columns import Account, Uint64, Uint256
from chain.indexer.event_table import DIGEST, metadata
from chain.indexer.event_table import column as _column
from chain.indexer.event_table import event_table as _event_table

PROJECTION_VERSION: Final = 6

index_state = Table(
    "index_state",
    metadata,
    Column("id", Integer, primary_key=True),
    _column("projection_version", Integer),
    _column("chain_id", Integer),
    _column("genesis_hash", DIGEST),
    # Which contracts are followed: an index of another deployment is refused.
    _column("deployment_hash", DIGEST),
    _column("cursor_number", Integer),
    _column("cursor_hash", DIGEST),
    _column("cursor_timestamp", Integer),
    _column("head_number", Integer),
    _column("reorg_count", Integer),
    _column("deepest_reorg", Integer),
    _column("paused_reason", Text, nullable=True),
)

block = Table(
    "block",
    metadata,
    Column("hash", DIGEST, primary_key=True),
    _column("number", Integer),
    _column("parent_hash", DIGEST),
    _column("timestamp", Integer),
)
Index("ix_block_number", block.c.number, unique=True)

log = Table(
    "log",
    metadata,
    Column("block_hash", DIGEST, primary_key=True),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    _column("block_number", Integer),
    _column("tx_hash", DIGEST),
    _column("address", Account),
    # Topics one after the other, 32 bytes each.
    _column("topics", LargeBinary),
    _column("data", LargeBinary),
)
Index("ix_log_number", log.c.block_number)

# works and consent

work_registered = _event_table(
    "work_registered",
    _column("work_id", Integer),
    _column("community_id", Integer),
    _column("owner", Account),
    _column("kind", Integer),
    _column("content_commitment", DIGEST),
    _column("manifest_digest", DIGEST),
    key=("work_id",),
)
work_transferred = _event_table(
    "work_transferred",
    _column("work_id", Integer),
    _column("sender", Account),
    _column("recipient", Account),
    key=("work_id",),
)
work_displaced = _event_table(
    "work_displaced",
    _column("work_id", Integer),
    _column("displaced_by", Integer),
    key=("work_id",),
)
recording_of = _event_table(
    "recording_of",
    _column("recording", Integer),
    _column("composition", Integer),
    key=("recording",),
)
catalogue_registered = _event_table(
    "catalogue_registered",
    _column("catalogue_hash", DIGEST),
    _column("community_id", Integer),
    _column("owner", Account),
    _column("works", Integer),
    _column("root", DIGEST),
    _column("manifest_digest", DIGEST),
    key=("catalogue_hash",),
)
work_materialised = _event_table(
    "work_materialised",
    _column("work_id", Integer),
    _column("catalogue_hash", DIGEST),
    _column("catalogue_position", Integer),
    key=("work_id",),
)
community_founded = _event_table(
    "community_founded",
    _column("community_id", Integer),
    _column("steward", Account),
    _column("approvals_required", Integer),
    _column("profile_digest", DIGEST),
    key=("community_id",),
)
# Another steward, council and quorum, by decision of the council before; its elders are rows of
# `community_elder`, whose first council is 1.
council_seated = _event_table(
    "council_seated",
    _column("community_id", Integer),
    _column("council", Integer),
    _column("steward", Account),
    _column("approvals_required", Integer),
    key=("community_id",),
)
community_elder = _event_table(
    "community_elder",
    _column("community_id", Integer),
    _column("council", Integer),
    _column("elder", Account),
    key=("community_id",),
    many=True,
)
stewardship_step = _event_table(
    "stewardship_step",
    _column("community_id", Integer),
    _column("account", Account),
    # An offer changes nothing; an acceptance makes the account steward.
    _column("accepted", Boolean),
    key=("community_id",),
)
sharing_rule_announced = _event_table(
    "sharing_rule_announced",
    _column("community_id", Integer),
    _column("version", Integer),
    _column("rule", Integer),
    _column("phi_bps", Integer),
    _column("from_epoch", Integer),
    key=("community_id",),
)
# An approval names its elder; the row without one says that the decision was made.
decision_step = _event_table(
    "decision_step",
    _column("community_id", Integer),
    _column("decision_hash", DIGEST),
    _column("elder", Account, nullable=True),
    key=("community_id",),
)
consent_step = _event_table(
    "consent_step",
    _column("work_id", Integer),
    _column("tier", Integer),
    _column("step", Text),
    _column("terms_hash", DIGEST, nullable=True),
    _column("until", Integer, nullable=True),
    _column("offer", Integer, nullable=True),
    _column("reaffirm_seconds", Integer, nullable=True),
    _column("by_voucher", Boolean, nullable=True),
    _column("labels", DIGEST, nullable=True),
    _column("live_until", Integer, nullable=True),
    _column("elder", Account, nullable=True),
    _column("approvals", Integer, nullable=True),
    key=("work_id", "tier"),
)
# Signed words that were struck out before they were used up.
nonce_revoked = _event_table(
    "nonce_revoked",
    _column("contract", Text),
    _column("signer", Account),
    _column("nonce", Uint256),
    key=("signer",),
)

# licences and derivatives

# The terms that all licences under an offer have in common, said when the first one is taken.
offer_opened = _event_table(
    "offer_opened",
    _column("offer", Integer),
    _column("work_id", Integer),
    _column("tier", Integer),
    _column("token", Account),
    _column("price", Uint256),
    _column("unit_price", Uint256),
    _column("royalty_share", Integer),
    _column("duration_seconds", Integer),
    _column("unit_cap", Uint64),
    _column("revenue_cap", Uint256),
    _column("sublicensable", Boolean),
    _column("text_digest", DIGEST),
    key=("offer",),
)
licence_taken = _event_table(
    "licence_taken",
    _column("licence_id", Integer),
    _column("work_id", Integer),
    _column("holder", Account),
    _column("offer", Integer),
    _column("expiry", Integer),
    key=("licence_id",),
)
Index("ix_licence_taken_work", licence_taken.c.work_id)
# What a sublicence has of its own: where it comes from and its caps.
licence_sublicensed = _event_table(
    "licence_sublicensed",
    _column("licence_id", Integer),
    _column("parent_id", Integer),
    _column("unit_cap", Uint64),
    _column("revenue_cap", Uint256),
    key=("licence_id",),
)
voucher_redeemed = _event_table(
    "voucher_redeemed",
    _column("licence_id", Integer),
    _column("issuer", Account),
    _column("nonce", Uint256),
    _column("uses", Integer),
    key=("issuer",),
)
usage_recorded = _event_table(
    "usage_recorded",
    _column("licence_id", Integer),
    _column("units", Uint64),
    _column("revenue", Uint256),
    _column("units_used", Uint64),
    _column("revenue_used", Uint256),
    key=("licence_id",),
)
derivative_linked = _event_table(
    "derivative_linked",
    _column("child", Integer),
    _column("generation_id", Uint64),
    _column("depth", Integer),
    _column("vector", LargeBinary),
    key=("child",),
)
Index("ix_derivative_generation", derivative_linked.c.generation_id)
derivative_parent = _event_table(
    "derivative_parent",
    _column("child", Integer),
    _column("parent", Integer),
    _column("licence_id", Integer),
    key=("child",),
    many=True,
)
Index("ix_derivative_parent_parent", derivative_parent.c.parent)
floor_declared = _event_table(
    "floor_declared", _column("work_id", Integer), _column("floor", Integer), key=("work_id",)
)

# the direct lane

token_accepted = _event_table("token_accepted", _column("token", Account))
split_set = _event_table(
    "split_set", _column("work_id", Integer), _column("version", Integer), key=("work_id",)
)
split_share = _event_table(
    "split_share",
    _column("work_id", Integer),
    _column("version", Integer),
    _column("payee", Account),
    _column("bps", Integer),
    key=("work_id", "version"),
    many=True,
)
Index("ix_split_share_payee", split_share.c.payee)
split_proposed = _event_table(
    "split_proposed",
    _column("work_id", Integer),
    _column("version", Integer),
    _column("enactable_from", Integer),
    key=("work_id",),
)
split_proposed_share = _event_table(
    "split_proposed_share",
    _column("work_id", Integer),
    _column("version", Integer),
    _column("payee", Account),
    _column("bps", Integer),
    key=("work_id", "version"),
    many=True,
)
# What a payee said of a proposal: consent, or an objection.
split_answer = _event_table(
    "split_answer",
    _column("work_id", Integer),
    _column("version", Integer),
    _column("payee", Account),
    _column("is_consent", Boolean),
    key=("work_id", "version"),
)
payment = _event_table(
    "payment",
    _column("work_id", Integer),
    _column("token", Account),
    _column("payer", Account),
    _column("amount", Uint256),
    _column("gross", Uint256),
    key=("work_id",),
)
income_settled = _event_table(
    "income_settled",
    _column("work_id", Integer),
    _column("token", Account),
    _column("amount", Uint256),
    _column("settled", Uint256),
    key=("work_id",),
)
direct_payout = _event_table(
    "direct_payout",
    _column("work_id", Integer),
    _column("token", Account),
    _column("payee", Account),
    _column("version", Integer),
    _column("recipient", Account),
    _column("amount", Uint256),
    _column("paid", Uint256),
    key=("payee",),
)
Index("ix_direct_payout_work", direct_payout.c.work_id)
direct_deferral = _event_table(
    "direct_deferral",
    _column("work_id", Integer),
    _column("token", Account),
    _column("payee", Account),
    _column("version", Integer),
    _column("amount", Uint256),
    key=("payee",),
)
payout_address = _event_table(
    "payout_address",
    _column("lane", Text),
    _column("payee", Account),
    _column("recipient", Account),
    key=("payee",),
)

# the epoch lane

epoch_posted = _event_table(
    "epoch_posted",
    _column("epoch", Integer),
    _column("report_hash", DIGEST),
    _column("previous_report", DIGEST),
    _column("token", Account),
    _column("usage_root", DIGEST),
    _column("event_count", Uint64),
    _column("segments_digest", DIGEST),
    _column("sum_root", DIGEST),
    _column("leaf_root", DIGEST),
    _column("leaf_count", Integer),
    _column("cumulative_total", Uint256),
    _column("state_block", Uint64),
    _column("state_time", Uint64),
    _column("licence_usage_hash", DIGEST),
    _column("withheld_hash", DIGEST),
    _column("program_hash", DIGEST),
    key=("epoch",),
)
epoch_licence_usage = _event_table(
    "epoch_licence_usage",
    _column("epoch", Integer),
    _column("licence_id", Integer),
    _column("units", Uint64),
    _column("revenue", Uint256),
    key=("epoch",),
    many=True,
)
epoch_funded = _event_table(
    "epoch_funded",
    _column("token", Account),
    _column("payer", Account),
    _column("amount", Uint256),
    _column("funded", Uint256),
)
root_proposed = _event_table(
    "root_proposed",
    _column("token", Account),
    _column("epoch", Integer),
    _column("sum_root", DIGEST),
    _column("total", Uint256),
    _column("leaf_count", Integer),
    _column("claimable_from", Integer),
    key=("epoch",),
)
root_activated = _event_table(
    "root_activated",
    _column("token", Account),
    _column("epoch", Integer),
    _column("report_hash", DIGEST),
    _column("total", Uint256),
    key=("epoch",),
)
root_rejected = _event_table(
    "root_rejected",
    _column("token", Account),
    _column("epoch", Integer),
    _column("report_hash", DIGEST),
    _column("fault", Integer),
    _column("reason", DIGEST),
    key=("epoch",),
)
epoch_payout = _event_table(
    "epoch_payout",
    _column("token", Account),
    _column("payee", Account),
    _column("recipient", Account),
    _column("amount", Uint256),
    _column("claimed", Uint256),
    key=("payee",),
)
epoch_deferral = _event_table(
    "epoch_deferral",
    _column("token", Account),
    _column("payee", Account),
    _column("amount", Uint256),
    key=("payee",),
)

# disputes

arbiter_set = _event_table(
    "arbiter_set", _column("community_id", Integer), _column("arbiter", Account)
)
case_opened = _event_table(
    "case_opened",
    _column("case_id", DIGEST),
    _column("work_id", Integer),
    _column("payee", Account),
    _column("disputer", Account),
    _column("evidence", DIGEST),
    _column("bond", Uint256),
    _column("arbiter", Account),
    _column("frozen_until", Integer),
    key=("work_id", "payee"),
)
case_answered = _event_table(
    "case_answered",
    _column("case_id", DIGEST),
    _column("defender", Account),
    _column("evidence", DIGEST),
    key=("case_id",),
)
case_evidence = _event_table(
    "case_evidence",
    _column("case_id", DIGEST),
    _column("party", Account),
    _column("evidence", DIGEST),
    key=("case_id",),
)
case_ended = _event_table(
    "case_ended",
    _column("case_id", DIGEST),
    _column("status", Integer),
    _column("frozen_until", Integer),
    key=("case_id",),
)
bonds_owed = _event_table(
    "bonds_owed",
    _column("case_id", DIGEST),
    _column("account", Account),
    _column("amount", Uint256),
    key=("account",),
)
bonds_collected = _event_table(
    "bonds_collected", _column("account", Account), _column("amount", Uint256), key=("account",)
)

# Transfers from and to the two contracts that hold money, of any ERC-20 token.
token_transfer = _event_table(
    "token_transfer",
    _column("token", Account),
    _column("sender", Account),
    _column("recipient", Account),
    _column("amount", Uint256),
)

# What a rollback deletes from, besides `block` and `log`.
EVENT_TABLES: Final[tuple[Table, ...]] = tuple(
    table for table in metadata.sorted_tables if table.name not in {"index_state", "block", "log"}
)
