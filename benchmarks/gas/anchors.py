"""What each operation is measured against: our goal, and the best figure known elsewhere.

The anchors' figures are whole transactions like ours (21,000 and calldata included), measured with
forge 1.7.1 on the projects' own code at the versions named, not taken from their advertising.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Anchor:
    """One line of the table. Gas per operation; a `goal` is shown, the book is enforced."""

    operation: str
    goal: int | None
    best_elsewhere: int | None
    source: str


STORY = "Story v1.3.2"
SPLITS = "0xSplits v2.2"
MORPHO = "Morpho URD"

ANCHORS: dict[str, Anchor] = {
    "register": Anchor("register one work", 130_000, 290_737, STORY),
    "register_batch": Anchor("register a batch of 100, each", 80_000, None, "none"),
    "commit": Anchor("commit to a registration", None, None, "none"),
    "reveal": Anchor("reveal a committed registration", 130_000, None, "none"),
    "register_signed": Anchor("register one work by signature", None, None, "none"),
    "register_signed_batch": Anchor("register 100 by one signature, each", 80_000, None, "none"),
    "register_recording": Anchor("register a recording of a composition", None, None, "none"),
    "register_catalogue": Anchor("register a catalogue of 1,000,000", 60_000, None, "none"),
    "materialise": Anchor("make a work of it real, depth 20", 140_000, None, "none"),
    "announce_rule": Anchor("announce a sharing rule, again", None, None, "none"),
    "licence": Anchor("take and pay a licence, again", 140_000, 693_240, STORY),
    "licence_first_of_offer": Anchor("the first under an offer", 140_000, 693_240, STORY),
    "licence_first_of_work": Anchor("the first a work ever had", None, 693_240, STORY),
    "licence_10": Anchor("take and pay ten licences at once", 350_000, 2_545_725, STORY),
    "link_1": Anchor("link a derivative, 1 parent", 150_000, 1_251_481, f"{STORY}, own L1"),
    "link_depth_12": Anchor("link at depth 12", 170_000, 2_405_820, f"{STORY}, any EVM"),
    "link_16": Anchor("link, 16 parents", 400_000, 6_142_793, f"{STORY}, own L1"),
    "link_16_of_32": Anchor(
        "link, 16 parents, 32 ancestors", 400_000, 6_142_793, f"{STORY}, own L1"
    ),
    "link_16_of_512": Anchor(
        "link, 16 parents of 32 distinct ancestors each", 3_000_000, None, "none"
    ),
    "pay": Anchor("pay a work (accrues to any number)", 75_000, 164_727, STORY),
    "pay_derivative": Anchor("pay a derivative", 75_000, 164_727, STORY),
    "settle_12": Anchor("deliver to 12 ancestors", 150_000, 12 * 94_051, STORY),
    "settle_32": Anchor("deliver to 32 ancestors", 280_000, 32 * 94_051, STORY),
    "claim": Anchor("claim, direct lane, split of 1", 60_000, 51_925, SPLITS),
    "claim_10": Anchor("claim, direct lane, split of 10", 60_000, 51_925, SPLITS),
    "push_10": Anchor("push to 10 payees", None, 155_796, SPLITS),
    "set_split": Anchor("set a split of 10", 90_000, 186_551, SPLITS),
    "dispute_first": Anchor(
        "the first dispute of a work and a court", 150_000, 327_775, f"{STORY}, mock arbiter"
    ),
    "dispute": Anchor("dispute a payee's share", 150_000, 327_775, f"{STORY}, mock arbiter"),
    "post_epoch": Anchor("post an epoch: usage and payout roots", 130_000, 293_455, "EAS + Merkl"),
    "post_epoch_root": Anchor("of it: a quorum's usage root alone", 70_000, None, "none"),
    "post_epoch_usage": Anchor("of it: count one licence's use", None, None, "none"),
    "post_epoch_charge": Anchor("of it: charge it to the holder", None, None, "none"),
    "post_epoch_payouts": Anchor("of it: queue the payout root", 60_000, None, "none"),
    "direct_report": Anchor("report one use by itself, again", 62_000, 298_582, "EAS 1.4, attest"),
    "direct_report_first": Anchor("the first under a licence", None, 298_582, "EAS 1.4, attest"),
    "direct_release": Anchor("release what it locked, to the work", None, None, "none"),
    "deposit": Anchor("add to a platform's deposit", None, None, "none"),
    "activate": Anchor("activate a payout root", None, 38_736, MORPHO),
    "push_832": Anchor(
        "push 832 of 10,000 in one transaction (cap of EIP-7825)", 16_777_216, None, "none"
    ),
    "claim_epoch_20": Anchor("claim, epoch lane, depth 20", 75_000, 63_812, MORPHO),
    "push_first": Anchor("push 128 of 10,000, each, first time", 54_000, 97_952, MORPHO),
    "push_steady": Anchor("push 128 of 10,000, each, again", 20_000, 63_812, MORPHO),
    "event": Anchor("per usage event, all in (calculated)", 50, 164_727, STORY),
}
