"""Random epochs: the EpochDistributor beside books of its own and `chain.ledger.sum_tree`.

Roots are put forward, wait in the queue, are rejected by council or by proof, become active; payees
claim or are pushed to. After each act what was funded, promised and paid is compared.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from chain.client.interfaces import Interface
from chain.ledger.identifiers import Address, address, address_bytes
from chain.ledger.sum_tree import Payout, SumTree
from chain.ledger.words import uint_word
from tests.differential.accusations import COUNCIL as COUNCIL_FAULT
from tests.differential.accusations import (
    OMISSION,
    Layout,
    accusations,
    laid_out,
    wrong_claims,
)
from tests.differential.around import KEEPER, OUTSIDERS, PAYER, Around, must_refuse
from tests.differential.credits import HOLDERS, Credits
from tests.differential.lanes import (
    ORACLE,
    WAITING_MAX,
    WINDOW_SECONDS,
    Lane,
    Root,
    distributor,
    of_no_use,
)
from tests.differential.machine import Disagreement, Machine, Refused, committed, compiled
from tests.differential.poisoned import Poisoned
from tests.differential.royalties import BLOCKLISTING, ELSEWHERE, PLENTY
from tests.differential.thrift import must_ask_for_gas

COUNCIL: Final = address("0x" + "82" * 20)
NOBODY: Final = address("0x" + "00" * 20)
# Some below and some above the distributor's own address.
PAYEES: Final = tuple(
    address("0x" + f"{byte:02x}" * 20) for byte in (7, 8, *range(0x91, 0x99), 0xF5, 0xF6)
)
RANGE_MAX: Final = 512
TOO_MANY: Final = ((NOBODY, 0),) * (2 * RANGE_MAX)
ACTS_MAX: Final = 600
NO_REASON: Final = bytes(32)


class Epochs:
    """One distributor, two tokens, and accounts that one of the tokens bars."""

    def __init__(self, machine: Machine, random: Random, code: Interface | None = None) -> None:
        self.machine = machine
        self.around = Around(machine)
        machine.make_contract(ORACLE, PAYER, PAYEES[0])
        self.distributor = distributor(machine, code, self.around.address)
        # It holds the money itself, and can neither claim nor be pushed to.
        self.payees = (*PAYEES, self.distributor.address)
        for function in ("reject", "cosign"):
            selector = self.distributor.interface.functions[function].selector
            for account in (COUNCIL, *OUTSIDERS):
                asked = (account, self.distributor.address, selector)
                may = int(account == COUNCIL)
                self.around.say("canCall(address,address,bytes4)", asked, may, 0)
        coins = (committed("DevStablecoin"), compiled(BLOCKLISTING, "BlocklistingToken"))
        self.lanes = [Lane(machine.deploy(coin)) for coin in coins]
        for lane in self.lanes:
            machine.prepare(lane.token, "mint", PAYER, PLENTY)
            allowance = (self.distributor.address, 2**256 - 1)
            machine.send(lane.token, "approve", *allowance, sender=PAYER)
        self.barred: set[Address] = set()
        self.poisoned = Poisoned(self)
        self.credits = Credits(self)
        self.epoch = 0
        self.acts = 0

    @property
    def is_over(self) -> bool:
        return self.acts >= ACTS_MAX

    def step(self, random: Random) -> None:
        """One act, and the comparison after it."""
        self.acts += 1
        lane = random.choice(self.lanes)
        acts = (self.credits.fund, self.propose, self.activate, self.reject, self.claim, self.push)
        others = (self.disturb, self.accuse, self.poisoned.act, self.misuse, self.crowd)
        act = random.choices(
            (*acts, *others, self.credits.give_back),
            (14, 16, 18, 5, 25, 14, 8, 16, 2, 3, 1, 8),
        )[0]
        act(lane, random)
        self.compare(lane)

    # --- acts ------------------------------------------------------------------------------------

    def propose(self, lane: Lane, random: Random) -> None:
        """The next root; now and then one that takes from a payee, which anyone can show."""
        before = {p.payee: p.cumulative for p in lane.last.tree.payouts} if lane.last else {}
        room = lane.funded - lane.promised
        wish = random.choice((0, 1, room // 10, room // 5, room // 2, room, room + 1))
        after = dict(before)
        for payee in random.sample(self.payees, random.randint(1, 4)):
            after[payee] = after.get(payee, 0)
        is_honest = True
        if random.random() < 0.15 and before and max(before.values()) > 0:
            robbed = max(before, key=lambda payee: before[payee])
            after[robbed] -= 1
            wish, is_honest = wish + 1, False
            others = [payee for payee in self.payees if payee != robbed]
        else:
            others = list(after)
        lucky = random.choice(others)
        after[lucky] = after.get(lucky, 0) + wish
        payouts = [Payout(p, after[p]) for p in sorted(after, key=address_bytes)]
        tree = SumTree(lane.token.address, payouts)
        self.epoch += 1
        arguments = (
            self.epoch,
            self.epoch.to_bytes(32, "big"),
            lane.token.address,
            tree.root.hash,
            tree.leaf_count,
            tree.root.sum,
        )
        if self._may_not_propose(lane, tree, arguments, random):
            return
        previous = self.do("propose", *arguments, sender=ORACLE)
        behind = uint_word(lane.last.epoch if lane.last else 0)
        if previous != behind:
            raise Disagreement("put behind", behind, previous)
        self._must_tell_of_root(lane, tree.root.hash, tree.root.sum, tree.leaf_count)
        root = Root(self.epoch, tree, tree.root.sum, self.machine.now + WINDOW_SECONDS, is_honest)
        lane.waiting.append(root)
        if not is_honest:
            self._reject_by_proof(lane, root)
        elif len(lane.waiting) > 1 or lane.active:
            self._fail_to_reject(lane, root, random)

    def crowd(self, lane: Lane, random: Random) -> None:
        """Roots until no more may wait, and some more; and a long queue that is cut."""
        for _ in range(WAITING_MAX + 3):
            self.propose(lane, random)
        if random.random() < 0.5:
            self.reject(lane, random)

    def activate(self, lane: Lane, random: Random) -> None:
        self.machine.wait(random.choice((1, WINDOW_SECONDS // 2, WINDOW_SECONDS)))
        coin = lane.token.address
        if not lane.waiting:
            self.must_refuse("NoPendingRoot", (coin, 0), "activate", (coin,))
            return
        root = lane.waiting[0]
        if self.machine.now < root.claimable_from:
            refused = (root.epoch, root.claimable_from)
            self.must_refuse("WindowOpen", refused, "activate", (coin,))
            return
        self.do("activate", coin)
        lane.active = lane.waiting.pop(0)
        lane.past.append((root.total, root.claimable_from))
        told = {"reportHash": uint_word(root.epoch), "total": root.total}
        self.must_tell(("RootActivated", {"token": coin, "epoch": root.epoch, **told}))

    def reject(self, lane: Lane, random: Random) -> None:
        coin = lane.token.address
        if not lane.waiting:
            refused = (coin, 77)
            arguments = (coin, 77, NO_REASON)
            self.must_refuse("NoPendingRoot", refused, "reject", arguments, COUNCIL)
            return
        place = random.randrange(len(lane.waiting))
        root = lane.waiting[place]
        for nowhere in (0, self.epoch + 1):
            refused = (coin, nowhere, NO_REASON)
            self.must_refuse("NoPendingRoot", refused[:2], "reject", refused, COUNCIL)
        arguments = (coin, root.epoch, NO_REASON)
        if self.machine.now >= root.claimable_from:
            refused = (root.epoch, root.claimable_from)
            self.must_refuse("WindowClosed", refused, "reject", arguments, COUNCIL)
            return
        self.do("reject", *arguments, sender=COUNCIL)
        self._cut(lane, place)

    def claim(self, lane: Lane, random: Random) -> None:
        coin = lane.token.address
        if lane.active is None:
            arguments = (coin, 0, (PAYEES[0], 1), [])
            self.must_refuse("NoActiveRoot", (coin,), "claim", arguments)
            return
        tree = lane.active.tree
        index = random.randrange(tree.leaf_count)
        leaf = tree.payouts[index]
        proof = [(node.hash, node.sum) for node in tree.proof(index)]
        good = (coin, index, (leaf.payee, leaf.cumulative), proof)
        if random.random() < 0.3:
            wrong = random.choice(wrong_claims(index, leaf, proof))
            self.must_refuse("InvalidProof", (), "claim", (coin, *wrong))
        due = leaf.cumulative - lane.claimed_by.get(leaf.payee, 0)
        if due <= 0:
            self.must_refuse("NothingDue", (coin, leaf.payee), "claim", good)
        elif not self._can_take(lane, leaf.payee):
            own = leaf.payee == self.distributor.address
            refusal = ("PayeeIsCustodian", (leaf.payee,)) if own else ("AccountBarred", None)
            self.must_refuse(*refusal, "claim", good)
        else:
            paid = self.do("claim", *good)
            if paid != due:
                raise Disagreement(f"claim{good}", due, paid)
            self._paid(lane, leaf)
            to = ELSEWHERE if leaf.payee in lane.elsewhere else leaf.payee
            told = {"payee": leaf.payee, "to": to, "amount": due, "claimed": leaf.cumulative}
            self.must_tell(("PaidOut", {"token": coin, **told}))

    def push(self, lane: Lane, random: Random) -> None:
        coin = lane.token.address
        if lane.active is None:
            self.must_refuse("NoActiveRoot", (coin,), "pushRange", (coin, 0, [(NOBODY, 0)], []))
            return
        tree = lane.active.tree
        length = 1 << random.randint(0, tree.depth)
        first = random.randrange(tree.leaf_count) // length * length
        leaves = tree.range_payouts(first, length)
        payouts = [(leaf.payee, leaf.cumulative) if leaf else (NOBODY, 0) for leaf in leaves]
        upper = [(node.hash, node.sum) for node in tree.range_proof(first, length)]
        if random.random() < 0.2:
            wrong = [(payouts[0][0], payouts[0][1] + 1), *payouts[1:]]
            self.must_refuse("InvalidProof", (), "pushRange", (coin, first, wrong, upper))
            if length > 1:
                odd = (coin, first, payouts[:-1] if length > 2 else payouts * 3, upper)
                self.must_refuse("BadRange", (first, len(odd[2])), "pushRange", odd)
                shifted = (coin, first + 1, payouts, upper)
                self.must_refuse("BadRange", (first + 1, length), "pushRange", shifted)
        owed = {
            leaf.payee: leaf.cumulative - lane.claimed_by.get(leaf.payee, 0)
            for leaf in leaves
            if leaf and leaf.cumulative > lane.claimed_by.get(leaf.payee, 0)
        }
        if any(payee != self.distributor.address for payee in owed) and random.random() < 0.2:
            pushed = (coin, first, payouts, upper)
            must_ask_for_gas(self.machine, self.distributor, "pushRange", pushed)
        if random.random() < 0.3:
            ranges = [(first, payouts, upper)] * random.randint(1, 2)
            self.do("pushRanges", coin, ranges)
        else:
            self.do("pushRange", coin, first, payouts, upper)
        events = self.machine.events(self.distributor)
        paid = {event["payee"]: event["amount"] for name, event in events if name == "PaidOut"}
        late = {e["payee"]: e["amount"] for name, e in events if name == "PayoutDeferred"}
        can = {payee: due for payee, due in owed.items() if self._can_take(lane, payee)}
        if paid != can or late != {p: due for p, due in owed.items() if p not in can}:
            raise Disagreement(f"push from {first}", (can, owed), (paid, late))
        for leaf in leaves:
            if leaf and leaf.payee in can:
                self._paid(lane, leaf)

    def accuse(self, lane: Lane, random: Random) -> None:
        """A root with something wrong in it, or nothing, and whoever says so, rightly or not; the
        council throws out what is left."""
        promised, coin = lane.promised, lane.token.address
        after = {p.payee: p.cumulative for p in lane.last.tree.payouts} if lane.last else {}
        for payee in random.sample(self.payees, random.randint(1, 6)):
            after[payee] = after.get(payee, 0) + random.randint(
                0, max(lane.funded - promised, 0) // 8
            )
        honest = [Payout(payee, after[payee]) for payee in sorted(after, key=address_bytes)]
        root = laid_out(coin, honest, random, [ELSEWHERE])
        digest, total = root.root
        if not promised <= total <= lane.funded or len(lane.waiting) == WAITING_MAX:
            return
        self.epoch += 1
        self.credits.charge(lane, total, random)
        if total - promised > lane.ceiling():
            self.cosign(coin, self.epoch, digest, total)
            lane.vouched = total
        report = uint_word(self.epoch)
        self.do("propose", self.epoch, report, coin, digest, root.count, total, sender=ORACLE)
        self._must_tell_of_root(lane, digest, total, root.count)
        before = Layout(coin, list(lane.last.tree.payouts)) if lane.last else None
        place = (coin, self.epoch)
        fault, reason = COUNCIL_FAULT, random.getrandbits(256)
        ending: tuple[str, tuple[Any, ...], Address]
        ending = ("reject", (*place, uint_word(reason)), COUNCIL)
        if random.random() < 0.3:
            fault, reason = OMISSION, int(PAYEES[0], 16)
            ending = ("rejectOmission", (*place, PAYEES[0]), ORACLE)
            stranger = random.choice((KEEPER, COUNCIL))
            self.must_refuse("NotUsageOracle", (stranger,), *ending[:2], stranger)
        for accusation in accusations(before, root, random):
            arguments = (*place, *accusation.arguments)
            if accusation.refusal:
                self.must_refuse(accusation.refusal, (), accusation.function, arguments)
                continue
            fault, reason = accusation.fault, accusation.reason
            ending = (accusation.function, arguments, KEEPER)
            break
        self.do(ending[0], *ending[1], sender=ending[2])
        told = {
            "token": coin,
            "epoch": self.epoch,
            "reportHash": report,
            "fault": fault,
            "reason": uint_word(reason),
        }
        self.must_tell(("RootRejected", told))
        self.machine.expect(self.distributor, "rejectedReport", (self.epoch,), self.epoch)
        lane.throw_out(self.epoch)

    def disturb(self, lane: Lane, random: Random) -> None:
        payee = random.choice(PAYEES)
        if random.random() < 0.5:
            self.barred ^= {payee}
            self.machine.prepare(self.lanes[1].token, "bar", payee, payee in self.barred)
            return
        lane.elsewhere ^= {payee}
        to = ELSEWHERE if payee in lane.elsewhere else NOBODY
        self.do("setPayoutAddress", lane.token.address, to, sender=payee)
        paid_to = int(ELSEWHERE if payee in lane.elsewhere else payee, 16)
        asked = (lane.token.address, payee)
        self.machine.expect(self.distributor, "payoutAddressOf", asked, paid_to)
        told = {"token": lane.token.address, "payee": payee, "to": to}
        self.must_tell(("PayoutAddressSet", told))

    def misuse(self, lane: Lane, random: Random) -> None:
        """What nobody may do, or not so; each is refused by its own name."""
        coin, own = lane.token.address, self.distributor.address
        digest, refuse = random.randbytes(32), self.must_refuse
        root = (self.epoch + 1, digest, coin, digest)
        for outsider in OUTSIDERS:
            refuse("NotUsageOracle", (outsider,), "propose", (*root, 1, 0), outsider)
            omitted = (coin, self.epoch, outsider)
            refuse("NotUsageOracle", (outsider,), "rejectOmission", omitted, outsider)
            for function in ("charge", "returnCharges"):
                lines = (coin, [(HOLDERS[0], 0)])
                refuse("NotUsageOracle", (outsider,), function, lines, outsider)
            council = (("reject", (coin, 1, digest)), ("cosign", (coin, 1, digest, 1)))
            for function, given in council:
                selector = self.distributor.interface.functions[function].selector
                refuse("NotPermitted", (outsider, selector), function, given, outsider)
        refuse("BadRange", (0, 0), "propose", (*root, 0, 0), ORACLE)
        promised = lane.promised
        if promised and len(lane.waiting) < WAITING_MAX:
            fewer = (promised, promised - 1)
            refuse("TotalDecreased", fewer, "propose", (*root, 1, promised - 1), ORACLE)
        refuse("PayeeIsCustodian", (PAYEES[0],), "setPayoutAddress", (coin, own), PAYEES[0])
        refuse("BadRange", (0, len(TOO_MANY)), "pushRange", (coin, 0, TOO_MANY, []))
        refuse("BadRange", (0, 0), "pushRange", (coin, 0, [], []))

    # --- what must hold --------------------------------------------------------------------------

    def compare(self, lane: Lane) -> None:
        expect, coin = self.machine.expect, lane.token.address
        if not lane.claimed <= lane.committed <= lane.charged <= lane.funded:
            raise Disagreement("claimed <= committed <= charged", lane.claimed, lane.charged)
        self.credits.compare(lane)
        expect(self.distributor, "laneOf", (coin,), lane.funded, lane.committed, lane.claimed)
        expect(self.distributor, "ceilingOf", (coin,), lane.ceiling())
        expect(lane.token, "balanceOf", (self.distributor.address,), lane.funded - lane.claimed)
        for payee in self.payees:
            expect(self.distributor, "claimedBy", (coin, payee), lane.claimed_by.get(payee, 0))
        queue = self.machine.view(self.distributor, "pendingRoots", coin)
        waiting = [root.as_told for root in lane.waiting]
        if [dict(root) for root in queue] != waiting:
            raise Disagreement("queue", waiting, queue)
        active = dict(self.machine.view(self.distributor, "activeRoot", coin))
        if lane.active and active != lane.active.as_told:
            raise Disagreement("active root", lane.active.as_told, active)
        for epoch in [root.epoch for root in (lane.active, *lane.waiting) if root]:
            expect(self.distributor, "standingReport", (coin, epoch), epoch)
        for epoch in (self.epoch + 1, *lane.rejected[-WAITING_MAX:]):
            expect(self.distributor, "standingReport", (coin, epoch), 0)

    def _may_not_propose(
        self, lane: Lane, tree: SumTree, arguments: tuple[Any, ...], random: Random
    ) -> bool:
        """Whether the root is refused; what was not charged for it is, if there is credit, and one
        above the ceiling is cosigned."""
        coin, promised, total = lane.token.address, lane.promised, tree.root.sum
        refusal: tuple[str, tuple[Any, ...]] | None = None
        if len(lane.waiting) == WAITING_MAX:
            refusal = ("QueueFull", (coin, WAITING_MAX))
        elif total < promised:
            refusal = ("TotalDecreased", (promised, total))
        elif total > lane.funded:
            refusal = ("NotCharged", (total, lane.charged))
        else:
            if total > lane.charged:
                uncharged = (total, lane.charged)
                self.must_refuse("NotCharged", uncharged, "propose", arguments, ORACLE)
            self.credits.charge(lane, total, random)
            if total - promised > lane.ceiling():
                above = (total - promised, lane.ceiling())
                self.must_refuse("AboveCeiling", above, "propose", arguments, ORACLE)
                signed = (coin, self.epoch, tree.root.hash, total)
                self.cosign(*of_no_use(signed, random))
                self.must_refuse("AboveCeiling", above, "propose", arguments, ORACLE)
                self.cosign(*signed)
                lane.vouched = total
        if refusal:
            self.must_refuse(*refusal, "propose", arguments, ORACLE)
        return refusal is not None

    def _reject_by_proof(self, lane: Lane, root: Root) -> None:
        """A root that takes from a payee is always thrown out, by whoever shows the two leaves."""
        previous = lane.waiting[-2] if len(lane.waiting) > 1 else lane.active
        assert previous is not None
        later = {p.payee: at for at, p in enumerate(root.tree.payouts)}
        for at, leaf in enumerate(previous.tree.payouts):
            now = later[leaf.payee]
            if root.tree.payouts[now].cumulative < leaf.cumulative:
                arguments = (self._leaf(previous.tree, at), [self._leaf(root.tree, now)])
                self.do("rejectDecrease", lane.token.address, root.epoch, *arguments)
                self._cut(lane, len(lane.waiting) - 1)
                return
        raise AssertionError("a dishonest root takes from somebody")

    def _fail_to_reject(self, lane: Lane, root: Root, random: Random) -> None:
        """Nobody can show a fault of an honest root."""
        previous = lane.waiting[-2] if len(lane.waiting) > 1 else lane.active
        assert previous is not None
        at = random.randrange(previous.tree.leaf_count)
        payee = previous.tree.payouts[at].payee
        now = [p.payee for p in root.tree.payouts].index(payee)
        shown = (self._leaf(previous.tree, at), [self._leaf(root.tree, now)])
        place = (lane.token.address, root.epoch)
        self.must_refuse("NoFault", (), "rejectDecrease", (*place, *shown))
        tree = root.tree
        if tree.leaf_count < 2:
            return
        first, second = self._leaf(tree, 0), self._leaf(tree, 1)
        self.must_refuse("NoFault", (), "rejectDisorder", (*place, first, second))
        self.must_refuse("NoFault", (), "rejectDisorder", (*place, second, first))
        # The sums of every node above leaves 0 and 1 are what its children come to.
        halves = [(node.hash, node.sum) for node in (tree.proof(1)[0], tree.proof(0)[0])]
        claimed, path = sum(amount for _, amount in halves), []
        for sibling in tree.proof(0)[1:]:
            path.append((sibling.hash, sibling.sum, claimed))
            claimed += sibling.sum
        self.must_refuse("NoFault", (), "rejectSums", (*place, 0, *halves, path))

    def _leaf(self, tree: SumTree, at: int) -> tuple[Any, ...]:
        leaf = tree.payouts[at]
        proof = [(node.hash, node.sum) for node in tree.proof(at)]
        return at, (leaf.payee, leaf.cumulative), proof

    def _cut(self, lane: Lane, place: int) -> None:
        gone = [root.epoch for root in lane.waiting[place:]]
        for epoch in gone:
            self.machine.expect(self.distributor, "rejectedReport", (epoch,), epoch)
        del lane.waiting[place:]
        lane.throw_out(*gone)

    def _paid(self, lane: Lane, leaf: Payout) -> None:
        lane.claimed += leaf.cumulative - lane.claimed_by.get(leaf.payee, 0)
        lane.claimed_by[leaf.payee] = leaf.cumulative

    def _can_take(self, lane: Lane, payee: Address) -> bool:
        if payee == self.distributor.address:
            return False
        return lane is self.lanes[0] or payee in lane.elsewhere or payee not in self.barred

    def do(self, function: str, *arguments: Any, sender: str = KEEPER) -> Any:
        try:
            return self.machine.send(self.distributor, function, *arguments, sender=sender)
        except Refused as refused:
            raise Disagreement(f"{function}{arguments}", "done", refused) from None

    def cosign(self, *signed: Any) -> None:
        self.do("cosign", *signed, sender=COUNCIL)
        named = dict(zip(("token", "epoch", "sumRoot", "total"), signed, strict=True))
        self.must_tell(("RootCosigned", {**named, "council": COUNCIL}))
        self.machine.expect(self.distributor, "isCosigned", signed, 1)

    def _must_tell_of_root(self, lane: Lane, digest: bytes, total: int, leaf_count: int) -> None:
        told = {
            "token": lane.token.address,
            "epoch": self.epoch,
            "sumRoot": digest,
            "total": total,
            "leafCount": leaf_count,
            "claimableFrom": self.machine.now + WINDOW_SECONDS,
        }
        self.must_tell(("RootProposed", told))

    def must_tell(self, *expected: tuple[str, dict[str, Any]]) -> None:
        """The last transaction's events, all of them."""
        told = self.machine.events(self.distributor)
        if told != list(expected):
            raise Disagreement("events", list(expected), told)

    def must_refuse(
        self,
        name: str,
        values: tuple[Any, ...] | None,
        function: str,
        arguments: tuple[Any, ...],
        sender: str = KEEPER,
    ) -> None:
        must_refuse(self.machine, self.distributor, name, values, function, arguments, sender)
