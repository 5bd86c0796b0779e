"""Random histories of commitments, reveals and plain registrations against a model of the rule."""

from __future__ import annotations

from dataclasses import dataclass, field

import brownie
from brownie.exceptions import VirtualMachineError
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chain.ledger.registration import COMMITMENT_AGE_MAX, COMMITMENT_AGE_MIN
from scripts.deployment import NO_TOKEN
from tests.contracts.rights import by, digest
from tests.contracts.work_registry.conftest import registration, tuples

SALT = digest("a secret")
NAMES = ("one", "two", "three", "four")
WHO, CONTENT = st.integers(0, 2), st.integers(0, len(NAMES) - 1)
ACT = st.tuples(st.sampled_from(("commit", "register", "reveal")), WHO, CONTENT)
WAIT = st.tuples(st.just("wait"), st.sampled_from((5, 100, 40_000, 90_000)), st.just(0))


@st.composite
def contests(draw):
    """Somebody commits, others are there before the reveal: what a watcher would do."""
    content, first, other = draw(CONTENT), draw(WHO), draw(WHO)
    return [
        ("commit", first, content),
        draw(WAIT),
        *draw(st.lists(st.just(("commit", other, content)), max_size=1)),
        ("wait", 100, 0),
        (draw(st.sampled_from(("register", "reveal"))), other, content),
        ("reveal", first, content),
    ]


HISTORIES = st.lists(st.one_of(contests(), st.lists(st.one_of(ACT, WAIT), max_size=4)), max_size=6)


@dataclass
class Register:
    """Who has which content, by the rule alone: the oldest say, within a day of the say."""

    committed: dict[tuple[int, int], int] = field(default_factory=dict)
    # By content: its work, from when that counts, and who registered it; the last one has it.
    said: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    works: int = 0

    def commit(self, who: int, content: int, now: int) -> bool:
        before = self.committed.get((who, content), 0)
        if now > before + COMMITMENT_AGE_MAX:
            self.committed[who, content] = now
        return True

    def register(self, who: int, content: int, now: int) -> bool:
        return self._say(who, content, now)

    def reveal(self, who: int, content: int, now: int) -> bool:
        since = self.committed.get((who, content), 0)
        of_age = COMMITMENT_AGE_MIN <= now - since <= COMMITMENT_AGE_MAX
        if not of_age or not self._say(who, content, since):
            return False
        del self.committed[who, content]
        return True

    def _say(self, who: int, content: int, counts_from: int) -> bool:
        earlier = self.said.setdefault(content, [])
        if earlier and earlier[-1][1] <= counts_from:
            return False
        self.works += 1
        earlier.append((self.works, counts_from, who))
        return True


@settings(max_examples=25, phases=(Phase.generate,))
@given(histories=HISTORIES)
def test_the_oldest_say_has_the_content(
    WorkRegistry, ConsentRegistry, royalty_ledger, payees, mine_at, histories
):
    # A register of its own, and the consents that it alone may end.
    consents = ConsentRegistry.deploy(payees[0].get_deployment_address(), by(payees[1]))
    works = WorkRegistry.deploy(consents, royalty_ledger, NO_TOKEN, by(payees[0]))
    model = Register()
    for act, who, content in (act for history in histories for act in history):
        if act == "wait":
            mine_at(brownie.chain[-1].timestamp + who)
            continue
        song = registration(NAMES[content])
        arguments = {
            "commit": lambda song=song, who=who: (
                works.commitmentOf(payees[who], tuples([song]), SALT),
            ),
            "register": lambda song=song: (song.as_tuple(),),
            "reveal": lambda song=song: (tuples([song]), SALT),
        }[act]()
        try:
            getattr(works, act)(*arguments, by(payees[who]))
            went_through = True
        except VirtualMachineError:
            went_through = False
        now = brownie.chain[-1].timestamp
        assert went_through == getattr(model, act)(who, content, now), (act, who, content)

    assert works.workCount() == model.works
    for content, said in model.said.items():
        has_it, _, owner = said[-1] if said else (0, 0, 0)
        sound = registration(NAMES[content]).content_commitment
        assert works.workByContent(sound) == has_it
        for work, counts_from, who in said:
            assert works.workOf(work)[2] == counts_from
            assert works.ownerOf(work) == payees[who]
            assert works.controllerOf(work) == payees[owner]
            assert works.displacedBy(work) == (has_it if work != has_it else 0)
