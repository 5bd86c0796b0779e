"""Roots with a fault, accusations of them true and false, and which of them must be upheld.

The rules are said here once more, from the leaves and nodes as they were laid out: no code of
`RootFaults`, and nothing of what the contract recovers from hashes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from chain.ledger.identifiers import Address, address_bytes
from chain.ledger.keccak import keccak256
from chain.ledger.sum_tree import Payout, leaf_hash
from chain.ledger.words import uint_word
from tests.differential.royalties import ELSEWHERE

COUNCIL, DECREASE, DISORDER, SUMS, OMISSION, BUILT_ON = range(6)
Node = tuple[bytes, int]
EMPTY: Final[Node] = (bytes(32), 0)
WORDS: Final = 2**256


@dataclass(frozen=True)
class Accusation:
    """A call, what it must be refused with, or the fault and the reason it is upheld with."""

    function: str
    arguments: tuple[Any, ...]
    refusal: str | None
    fault: int = COUNCIL
    reason: int = 0


@dataclass
class Layout:
    """A tree as somebody laid it out: `said` are sums that are said of nodes, by level and place,
    whatever they come to; `hung` are nodes in the place of leaves, with their children."""

    token: Address
    leaves: list[Payout]
    said: dict[tuple[int, int], int] = field(default_factory=dict)
    hung: dict[int, tuple[Node, Node]] = field(default_factory=dict)
    levels: list[list[Node]] = field(default_factory=list)

    def __post_init__(self) -> None:
        width = 1 << (len(self.leaves) - 1).bit_length()
        row: list[Node] = [
            (bytes(leaf_hash(self.token, leaf)), leaf.cumulative) for leaf in self.leaves
        ]
        row += [EMPTY] * (width - len(row))
        for place, (left, right) in self.hung.items():
            row[place] = parent_of(left, right)
        while True:
            level = len(self.levels)
            row = [
                (digest, self.said.get((level, place), total))
                for place, (digest, total) in enumerate(row)
            ]
            self.levels.append(row)
            if len(row) == 1:
                return
            row = [parent_of(row[at], row[at + 1]) for at in range(0, len(row), 2)]

    @property
    def count(self) -> int:
        return len(self.leaves)

    @property
    def root(self) -> Node:
        return self.levels[-1][0]

    @property
    def is_plain(self) -> bool:
        return not self.said and not self.hung

    def leaf(self, at: int) -> tuple[Any, ...]:
        siblings = [row[(at >> level) ^ 1] for level, row in enumerate(self.levels[:-1])]
        return at, _pair(self.leaves[at]), siblings

    def claims(self, level: int, place: int) -> list[tuple[bytes, int, int]]:
        """From a node up: each sibling, and what is said of the node beside it."""
        path = []
        for row in self.levels[level:-1]:
            digest, total = row[place ^ 1]
            path.append((digest, total, row[place][1]))
            place >>= 1
        return path


def parent_of(left: Node, right: Node) -> Node:
    packed = b"".join(digest + uint_word(total) for digest, total in (left, right))
    return bytes(keccak256(packed)), (left[1] + right[1]) % WORDS


def laid_out(token: Address, honest: list[Payout], random: Random, hidden: list[Address]) -> Layout:
    """The honest leaves with one thing wrong, or nothing."""
    leaves = list(honest)
    at = random.randrange(len(leaves))
    other = random.randrange(len(leaves))
    (wrong,) = random.choices(range(9), (4, 4, 3, 3, 6, 2, 6, 2, 1))
    if wrong == 0 and len(leaves) > 1:
        gone = leaves.pop(at)
        keeper = min(at, len(leaves) - 1)
        leaves[keeper] = Payout(leaves[keeper].payee, leaves[keeper].cumulative + gone.cumulative)
    elif wrong == 1 and leaves[at].cumulative:
        taken = leaves[at].cumulative
        leaves[at] = Payout(leaves[at].payee, 0)
        leaves[other] = Payout(leaves[other].payee, leaves[other].cumulative + taken)
    elif wrong == 2:
        leaves[at], leaves[other] = leaves[other], leaves[at]
    elif wrong == 3:
        leaves[at] = Payout(leaves[other].payee, leaves[at].cumulative)
    layout = Layout(token, leaves)
    if wrong == 4:
        level = random.choice((0, random.randrange(len(layout.levels))))
        place = random.randrange(len(layout.levels[level]))
        said = max(layout.levels[level][place][1] + random.choice((1, -1, -2)), 0)
        layout = Layout(token, leaves, said={(level, place): said})
    elif wrong == 5:
        total = leaves[at].cumulative
        part = random.randint(0, total)
        pair = tuple(
            (bytes(leaf_hash(token, Payout(hidden[0], amount))), amount)
            for amount in (part, total - part)
        )
        layout = Layout(token, leaves, hung={at: (pair[0], pair[1])})
    elif wrong == 6 and len(leaves) < len(layout.levels[0]):
        beyond = random.choice((len(leaves), random.randrange(len(leaves), len(layout.levels[0]))))
        layout = Layout(token, leaves, hung={beyond: (EMPTY, EMPTY)})
    elif wrong == 7 and len(layout.levels) > 1:
        level = random.randrange(len(layout.levels) - 1)
        place = random.randrange(len(layout.levels[level]))
        # Half of the time the two sums wrap around, and come to what is said of their parent.
        beside = layout.levels[level][place ^ 1][1]
        layout = Layout(
            token, leaves, said={(level, place): WORDS - random.randint(1, 2 * beside + 1)}
        )
    return layout


def accusations(before: Layout | None, root: Layout, random: Random) -> list[Accusation]:
    """Some of every kind, true and false, in any order."""
    kinds: list[Callable[[], Accusation | None]] = [
        lambda: _sums(root, random),
        lambda: _leaf_sum(root, random),
        lambda: _sums(root, random),
        lambda: _unproven(root, random),
    ]
    if root.is_plain:
        kinds += [lambda: _disorder(root, random)] * 3
        if before is not None:
            kinds += [lambda: _decrease(before, root, random)] * 6
    made = [kind() for kind in kinds]
    found = [accusation for accusation in made if accusation is not None]
    random.shuffle(found)
    return found


def _decrease(before: Layout, root: Layout, random: Random) -> Accusation:
    at, first = random.randrange(before.count), random.randrange(root.count)
    robbed = [place for place, leaf in enumerate(before.leaves) if _is_robbed(leaf, root)]
    if robbed and random.random() < 0.7:
        at = random.choice(robbed)
    payee, cumulative = before.leaves[at].payee, before.leaves[at].cumulative
    shape = random.randrange(12)
    if at in robbed and shape > 2:
        later = _shown_by(payee, root)
    elif shape == 0:
        later = []
    elif shape <= 4:
        same = [i for i, leaf in enumerate(root.leaves) if leaf.payee == payee]
        later = [random.choice((*same, 0, root.count - 1, first))]
    elif shape == 5:
        later = [first, random.randrange(root.count), first]
    elif shape <= 7:
        # The payee's own leaf and one beside it.
        own = next((i for i, leaf in enumerate(root.leaves) if leaf.payee == payee), first)
        start = max(own - random.randrange(2), 0)
        later = [start, (start + 1) % root.count]
    else:
        later = [first, random.choice((first + 1, first, first + 2, 0)) % root.count]
    leaves = [root.leaves[i] for i in later]
    rank = address_bytes(payee)
    is_shown = False
    if len(later) == 1:
        only = leaves[0]
        if only.payee == payee:
            is_shown = only.cumulative < cumulative
        elif address_bytes(only.payee) > rank:
            is_shown = later[0] == 0
        else:
            is_shown = later[0] == root.count - 1
    elif len(later) == 2:
        around = address_bytes(leaves[0].payee) < rank < address_bytes(leaves[1].payee)
        is_shown = later[1] == later[0] + 1 and around
    proven = [root.leaf(i) for i in later]
    told = before.leaf(at)
    refusal = None if is_shown and cumulative else "NoFault"
    if random.random() < 0.1:
        told, refusal = (told[0], (payee, cumulative + 1), told[2]), "InvalidProof"
    elif proven and random.random() < 0.1:
        index, (holder, amount), path = proven[0]
        far = index + len(root.levels[0])
        lies = ((index, (holder, amount + 1), path), (far, (holder, amount), path))
        proven[0], refusal = random.choice(lies), "InvalidProof"
    return Accusation("rejectDecrease", (told, proven), refusal, DECREASE, int(payee, 16))


def _is_robbed(leaf: Payout, root: Layout) -> bool:
    now = [later.cumulative for later in root.leaves if later.payee == leaf.payee]
    return leaf.cumulative > 0 and (not now or min(now) < leaf.cumulative)


def _shown_by(payee: Address, root: Layout) -> list[int]:
    """The payee's own leaf, or those between which it should lie."""
    same = [place for place, leaf in enumerate(root.leaves) if leaf.payee == payee]
    if same:
        return same[:1]
    rank = address_bytes(payee)
    place = sum(address_bytes(leaf.payee) < rank for leaf in root.leaves)
    return [at for at in (place - 1, place) if 0 <= at < root.count]


def _disorder(root: Layout, random: Random) -> Accusation:
    ranks = [address_bytes(leaf.payee) for leaf in root.leaves]
    pairs = [(i, j) for j, rank in enumerate(ranks) for i in range(j) if ranks[i] >= rank]
    first, second = random.randrange(root.count), random.randrange(root.count)
    if pairs and random.random() < 0.5:
        first, second = random.choice(pairs)
    refusal = None if (first, second) in pairs else "NoFault"
    told = [root.leaf(first), root.leaf(second)]
    if random.random() < 0.1:
        lied = random.randrange(2)
        index, (payee, amount), path = told[lied]
        told[lied] = (index, (payee, amount + 1), path)
        refusal = "InvalidProof"
    reason = int(root.leaves[second].payee, 16)
    return Accusation("rejectDisorder", tuple(told), refusal, DISORDER, reason)


def _unproven(root: Layout, random: Random) -> Accusation | None:
    """Leaves prove nothing in a tree whose sums do not add up to what the root is said to be."""
    if root.count < 2 or root.hung:
        return None
    left, right = root.levels[-2]
    below = [place for place in root.said if place != (len(root.levels) - 1, 0)]
    if below or left[1] + right[1] == root.root[1]:
        return None
    told = (root.leaf(0), root.leaf(random.randrange(1, root.count)))
    return Accusation("rejectDisorder", told, "InvalidProof")


def _sums(root: Layout, random: Random) -> Accusation | None:
    """Of a node anywhere, by its children; a node in a leaf's place has some, too."""
    if root.hung and random.random() < 0.4:
        level, place = 0, next(iter(root.hung))
        left, right = root.hung[place]
    elif len(root.levels) > 1:
        level = random.randrange(1, len(root.levels))
        place = random.randrange(len(root.levels[level]))
        odd = [(row, at) for row, at in root.said if row > 0]
        odd += [(row + 1, at >> 1) for row, at in (*root.said, *((0, at) for at in root.hung))]
        odd = [(row, at) for row, at in odd if row < len(root.levels)]
        if odd and random.random() < 0.8:
            level, place = random.choice(odd)
        left, right = root.levels[level - 1][2 * place : 2 * place + 2]
    else:
        return None
    is_wrong = level == 0 or left[1] + right[1] != root.levels[level][place][1]
    if level == 1:
        beyond = [node for at, node in enumerate((left, right)) if 2 * place + at >= root.count]
        is_wrong = is_wrong or any(node != EMPTY for node in beyond)
    path = root.claims(level, place)
    refusal = None if is_wrong else "NoFault"
    if random.random() < 0.2:
        refusal = "InvalidProof"
        lie = random.randrange(3)
        if lie == 0:
            left = (left[0], (left[1] + 1) % WORDS)
        elif lie == 1:
            place += 1 << len(path)
        elif path:
            path[-1] = (path[-1][0], (path[-1][1] + 1) % WORDS, path[-1][2])
        else:
            right = (right[0], (right[1] + 1) % WORDS)
    return Accusation("rejectSums", (place, left, right, path), refusal, SUMS, place)


def _leaf_sum(root: Layout, random: Random) -> Accusation:
    at = random.randrange(root.count)
    lied = [place for level, place in root.said if level == 0 and place < root.count]
    if lied and random.random() < 0.7:
        at = lied[0]
    payout, path = _pair(root.leaves[at]), root.claims(0, at)
    refusal = None if root.levels[0][at][1] != payout[1] else "NoFault"
    if at in root.hung:
        refusal = "InvalidProof"
    reason = at
    lie = random.randrange(12)
    if lie == 0:
        payout, refusal = (payout[0], payout[1] + 1), "InvalidProof"
    elif lie == 1 and path:
        path, refusal = path[:-1], "InvalidProof"
    elif lie == 2:
        at, refusal = at + len(root.levels[0]), "InvalidProof"
    return Accusation("rejectLeafSum", (at, payout, path), refusal, SUMS, reason)


def _pair(leaf: Payout) -> tuple[Address, int]:
    return leaf.payee, leaf.cumulative


def wrong_claims(index: int, leaf: Payout, proof: list[tuple[bytes, int]]) -> list[tuple[Any, ...]]:
    """Claims that lead to no active root: another amount, place, payee, length, or sum."""
    honest = (leaf.payee, leaf.cumulative)
    width = 1 << len(proof)
    wrong: list[tuple[Any, ...]] = [
        (index, (leaf.payee, leaf.cumulative + 1), proof),
        (index, (ELSEWHERE, leaf.cumulative), proof),
        (index + width, honest, proof),
        (index, honest, [*proof, (bytes(32), 0)]),
    ]
    if proof:
        wrong.append((index ^ 1, honest, proof))
        wrong.append((index, honest, proof[:-1]))
        sibling, amount = proof[0]
        wrong.append((index, honest, [(sibling, (amount - 1) % WORDS), *proof[1:]]))
    return wrong
