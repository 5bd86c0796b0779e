"""One random schedule: a few intents, a relay, and everything that can go wrong, by seed.

The relay does one step at a time when told, so that a seed gives the same schedule again. In the
end the faults stop, a person does what alarms ask for, and every intent must have been carried out
exactly once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address
from oracle.outbox import Outbox
from oracle.transaction_book import TransactionBook
from tests.faults.bench_chain import BenchChain
from tests.faults.proxy import set_mood
from tests.faults.worker import (
    CLOCK_JUMP_SECONDS,
    FINAL_DEPTH,
    IDENTITY,
    POLICY,
    Job,
    Worker,
)

INTENTS: Final = 5
STEPS: Final = 24
ROUNDS_TO_HEAL: Final = 40
RATES: Final = (0.0, 0.03, 0.1, 0.3)
ASKED_FOR: Final = "oracle resume"


class Violation(AssertionError):
    """An intent was lost or carried out twice, or the outbox says what is not so."""


@dataclass
class Tally:
    """What happened over some schedules."""

    schedules: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    killed_at: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)


class Schedule:
    """A schedule under way."""

    def __init__(
        self,
        seed: int,
        chain: BenchChain,
        proxy: str,
        place: Path | str,
        tally: Tally,
        *,
        keys: int = 0,
    ) -> None:
        self.dice = random.Random(seed)
        self._seed = seed
        self._chain = chain
        self._proxy = proxy
        self._tally = tally
        secrets = tuple(self.dice.randbytes(32) for _ in range(keys or self._choose(1, 2)))
        self.keys = tuple(LocalSigner(secret) for secret in secrets)
        self._senders = [key.address for key in self.keys]
        self._witnessed = self.dice.random() < 0.5
        self._job = Job(
            place,
            proxy,
            chain.node.endpoint if self._witnessed else "",
            secrets,
            Address(LocalSigner(self.dice.randbytes(32)).address),
        )
        self.intents = [f"{seed}:{number}" for number in range(INTENTS)]
        self._undecided = list(self.intents)
        self._begin = chain.height()
        self._worker: Worker | None = None
        chain.fund(self._senders)
        chain.base_fee(1)
        chain.mine(FINAL_DEPTH + 2)

    def run(self) -> None:
        """Raises Violation."""
        rate = self.dice.choice(RATES)
        set_mood(self._proxy, rate=rate, lying=self._witnessed, seed=self._seed)
        actions: list[tuple[int, Callable[[], None]]] = [
            (10, self.work),
            (5, self.mine),
            (4, self.killed_step),
            (2, self.reorganise),
            (2, self.spike),
            (1, self.drop_pool),
            (1, self.full_disk),
            (1, self.jump_clock),
            (1, self.rival),
        ]
        if self.dice.random() < 0.2:
            actions.append((1, self.foreign))
        for _ in range(STEPS):
            (act,) = self.dice.choices([a for _, a in actions], [w for w, _ in actions])
            self._tally.faults[act.__name__] += 1
            act()
        self.heal()
        self.check()
        self._tally.schedules += 1

    def heal(self) -> None:
        """No more faults, and a person who reads alarms; until all is final. Raises Violation."""
        set_mood(self._proxy, rate=0, lying=False, seed=0)
        self._chain.base_fee(1)
        for _ in range(ROUNDS_TO_HEAL):
            # Who wants something done asks again until it is; a displaced intent is signed anew.
            for intent in self.intents:
                self._ask(do="decide", intent=intent)
            reply = self._ask(do="advance")
            if any(ASKED_FOR in alarm for alarm in reply["alarms"]):
                self._tally.faults["person"] += 1
                self._ask(do="resume")
            self._chain.mine()
            if self._all_final():
                return
        raise Violation(f"seed {self._seed}: not final after {ROUNDS_TO_HEAL} healthy blocks")

    def check(self) -> None:
        """Every intent once on chain, and the outbox knows by which. Raises Violation."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None
        done = self._chain.carried_out(self._begin, self._senders)
        wrong = {intent: done[intent.encode()] for intent in self.intents}
        wrong = {intent: count for intent, count in wrong.items() if count != 1}
        if wrong:
            raise Violation(f"seed {self._seed}: carried out, times: {wrong}")
        box = Outbox(self._job.place, IDENTITY, roles=())
        with box.reading() as connection:
            book = TransactionBook(connection)
            finals = [book.of_intent(intent) for intent in self.intents]
            self._tally.states.update(book.counts())
        box.close()
        for final in finals:
            assert final is not None
            receipt = self._chain.node.receipt(final.tx_hash)
            if receipt is None or receipt.block.hash != final.block_hash:
                raise Violation(f"seed {self._seed}: {final.intent} is final in no block")

    def send_again(self, intent: str) -> None:
        """The defect that all this is to find: an intent is carried out once more."""
        self._chain.send_foreign(self.keys[0], self._job.target, intent.encode())
        self._chain.mine()

    # what happens

    def work(self, **how: Any) -> dict[str, Any]:
        """Decide something or advance."""
        if self._undecided and self.dice.random() < 0.4:
            intent = self._undecided[0]
            reply = self._ask(do="decide", intent=intent, **how)
            if "refused" not in reply and "died" not in reply:
                self._undecided.pop(0)
            return reply
        return self._ask(do="advance", **how)

    def mine(self) -> None:
        self._chain.mine(self._choose(1, 3))

    def killed_step(self) -> None:
        self.work(die_after=self._choose(1, 5))

    def reorganise(self) -> None:
        keep = self.dice.random() < 0.5
        self._chain.reorganise(self._choose(1, FINAL_DEPTH), self.dice, keep=keep)

    def spike(self) -> None:
        self._chain.base_fee(self.dice.choice((3, 30, 150, 5_000)))
        self._chain.mine()

    def drop_pool(self) -> None:
        self._chain.drop_pool(self._senders)

    def full_disk(self) -> None:
        self.work(disk_full=True)

    def jump_clock(self) -> None:
        self.work(clock=self.dice.choice((-1, 1)) * CLOCK_JUMP_SECONDS)

    def rival(self) -> None:
        """Another worker takes over from one that is still there, and that one works on."""
        if not isinstance(self._job.place, str):
            return
        old, self._worker = self._worker, None
        self.work()
        if old is None:
            return
        reply = old.ask(do="advance")
        self._tally.refusals["rival's " + reply.get("refused", "no refusal")] += 1
        old.kill()

    def foreign(self) -> None:
        self._chain.send_foreign(self.dice.choice(self.keys), self._job.target)
        self._chain.mine()

    def _ask(self, **command: Any) -> dict[str, Any]:
        if self._worker is None:
            self._worker = Worker(self._job)
        reply = self._worker.ask(**command)
        if "died" in reply:
            self._worker = None
            self._tally.killed_at[reply["died"]] += 1
            return reply
        self._tally.reached.update(reply["passed"])
        if "refused" in reply:
            self._tally.refusals[reply["refused"]] += 1
        return reply

    def _all_final(self) -> bool:
        return bool(self._ask(do="count", intents=self.intents)["final"] == len(self.intents))

    def _choose(self, least: int, most: int) -> int:
        return self.dice.randint(least, most)


assert POLICY.in_flight_max < INTENTS, "the cap is to be reached"
