"""The gas of the epoch lane: one report, one root, thousands of payees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_utils import keccak, to_checksum_address

from benchmarks.gas.anatomy import report_parts
from benchmarks.gas.workplace import (
    BLOCK_GAS,
    MNEMONIC,
    OPERATORS,
    WINDOW_SECONDS,
    Workplace,
)
from chain.client.usage_oracle import compact
from chain.ledger.epoch import EpochReport, LicenceUsage, licence_usage_hash, withheld_hash
from chain.ledger.identifiers import ZERO_DIGEST
from chain.ledger.sum_tree import Payout, leaf_hash

Node = tuple[bytes, int]
RANGE = 128
WIDE_RANGES = (512, 256, 64)  # neighbours, each a node of the tree; 832 payees
WIDE_DEPTH = 10
TRANSACTION_GAS_MAX = 16_777_216  # EIP-7825
PAYEES = 10_000
DEPTH_OF_PAYEES = 14
DEEP = 20
THRESHOLD = 3
RING = 16
EVENTS = 5_000_000
FUNDS = 10**15


def join(left: Node, right: Node) -> Node:
    packed = left[0] + left[1].to_bytes(32, "big") + right[0] + right[1].to_bytes(32, "big")
    return keccak(packed), left[1] + right[1]


def climb(node: Node, siblings: list[Node]) -> Node:
    """From the leftmost place to the root, past siblings that stand for everybody else."""
    for sibling in siblings:
        node = join(node, sibling)
    return node


def strangers(count: int) -> list[Node]:
    """Siblings of the stated number; below them are those that other epochs paid, too."""
    return [(keccak(text=f"subtree {i}"), 64 << i) for i in range(count)]


@dataclass
class EpochLane:
    """Posts epochs one after another; the steady figure is that of a later one."""

    place: Workplace
    licence: int
    gas: dict[str, int] = field(default_factory=dict)
    previous: bytes = ZERO_DIGEST
    epoch: int = 0
    promised: int = 0
    posted: Any = None

    def run(self) -> dict[str, int]:
        fund = (self.place.token, FUNDS)
        self.place.send("EpochDistributor", "fund", *fund, sender=self.place.platform)
        # The queue's ring is written round once: from then on its slots are steady.
        for _ in range(RING):
            self.post((keccak(text="anybody"), self.epoch), 1)
        for key in ("push_first", "push_steady"):
            self.gas[key] = self.push_many() // RANGE
        self.gas["push_832"] = self.push_wide()
        for _ in range(2):
            self.gas["claim_epoch_20"] = self.claim_deep()
        self.gas |= report_parts(self.place, self.posted)
        epoch = self.gas["post_epoch"] + self.gas["activate"]
        self.gas["event"] = -(-(epoch + PAYEES * self.gas["push_steady"]) // EVENTS)
        return self.gas

    def push_many(self) -> int:
        """128 neighbouring payees of 10,000, all with new money."""
        token = self.place.token.address
        payouts = [
            Payout(to_checksum_address(keccak(text=f"payee {i}")[12:]), 100 * (self.epoch + 1) + i)
            for i in range(RANGE)
        ]
        level: list[Node] = [(leaf_hash(token, payout), payout.cumulative) for payout in payouts]
        while len(level) > 1:
            level = [join(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        upper = strangers(DEPTH_OF_PAYEES - RANGE.bit_length() + 1)
        self.post(climb(level[0], upper), PAYEES)
        leaves = [(payout.payee, payout.cumulative) for payout in payouts]
        return self.send("EpochDistributor", "pushRange", token, 0, leaves, upper)

    def push_wide(self) -> int:
        """As many payees as one transaction takes, paid once before, under the cap on its gas."""
        token = self.place.token.address
        for one in self.wide_ranges():
            self.send("EpochDistributor", "pushRanges", token, [one])
        wide = (token, self.wide_ranges())
        return self.send("EpochDistributor", "pushRanges", *wide, gas=TRANSACTION_GAS_MAX)

    def wide_ranges(self) -> list[Any]:
        """Posts a root over 1,024 payees and 15 subtrees of strangers; the ranges to push."""
        token = self.place.token.address
        payouts = [
            Payout(to_checksum_address(keccak(text=f"wide {i}")[12:]), 100 * (self.epoch + 1) + i)
            for i in range(1 << WIDE_DEPTH)
        ]
        levels: list[list[Node]] = [[(leaf_hash(token, one), one.cumulative) for one in payouts]]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append([join(below[i], below[i + 1]) for i in range(0, len(below), 2)])
        above = strangers(DEPTH_OF_PAYEES - WIDE_DEPTH)
        self.post(climb(levels[-1][0], above), PAYEES)
        ranges, first = [], 0
        for length in WIDE_RANGES:
            height = length.bit_length() - 1
            places = [(level, first >> level) for level in range(height, WIDE_DEPTH)]
            upper = [levels[level][place ^ 1] for level, place in places] + above
            leaves = [(one.payee, one.cumulative) for one in payouts[first : first + length]]
            ranges.append((first, leaves, upper))
            first += length
        return ranges

    def claim_deep(self) -> int:
        """One payee of a million."""
        token, payee = self.place.token.address, self.place.payees[0]
        payout = Payout(payee, 10**7 * (self.epoch + 1))
        proof = strangers(DEEP)
        self.post(climb((leaf_hash(token, payout), payout.cumulative), proof), 1 << DEEP)
        claim = (token, 0, (payee, payout.cumulative), proof)
        return self.send("EpochDistributor", "claim", *claim)

    def send(self, name: str, method: str, *arguments: Any, gas: int = BLOCK_GAS) -> int:
        return self.place.send(name, method, *arguments, sender=self.place.customer, gas=gas)

    def post(self, root: Node, leaf_count: int) -> None:
        """Signs, posts and activates the next epoch, whose payouts one licence's use pays for."""
        self.epoch += 1
        usage = [LicenceUsage(self.licence, 1_000, root[1] - self.promised)]
        self.promised = root[1]
        report = EpochReport(
            epoch=self.epoch,
            previous_report=self.previous,
            token=self.place.token.address,
            usage_root=keccak(text=f"usage {self.epoch}"),
            event_count=EVENTS,
            segments_digest=keccak(text=f"segments {self.epoch}"),
            sum_root=root[0],
            leaf_root=keccak(text=f"leaves {self.epoch}"),
            leaf_count=leaf_count,
            cumulative_total=root[1],
            state_block=self.place.chain.height,
            state_time=self.place.chain[-1].timestamp,
            licence_usage_hash=licence_usage_hash(usage),
            withheld_hash=withheld_hash([]),
            program_hash=keccak(text="rules"),
        )
        lines = [(line.licence_id, line.units, line.revenue) for line in usage]
        digest = report.digest(self.place.chain.id, self.place.contracts["UsageOracle"].address)
        posting = (report.as_tuple(), lines, operator_signatures(digest))
        self.gas["post_epoch"] = self.send("UsageOracle", "postEpoch", *posting)
        self.posted = self.place.chain[-1].transactions[0]
        self.previous = report.struct_hash()
        self.place.chain.sleep(WINDOW_SECONDS)
        self.gas["activate"] = self.send("EpochDistributor", "activate", self.place.token)


def operator_signatures(digest: bytes) -> list[tuple[bytes, bytes]]:
    """A quorum's, as the contracts take them: ascending by signer."""
    Account.enable_unaudited_hdwallet_features()
    path = "m/44'/60'/0'/0/{}"
    keys = [Account.from_mnemonic(MNEMONIC, account_path=path.format(i)) for i in OPERATORS]
    keys.sort(key=lambda key: key.address.lower())
    signed = [Account.unsafe_sign_hash(digest, key.key) for key in keys[:THRESHOLD]]
    return [compact(bytes(one.signature)) for one in signed]
