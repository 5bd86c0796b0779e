"""Random schedules of blocks, forks, kills and lies of nodes, each to end in the same index.

    python -m tests.chain.indexer.fault_schedules --schedules 300 --seed 1
    python -m tests.chain.indexer.fault_schedules --schedules 1 --seed 217     one of them again

Blocks and forks are a real node's, kills are SIGKILL between two statements of a process of its
own. What a schedule does follows from its seed alone. At its end an honest run catches up, and the
index must be what one built from zero is, byte for byte, and what eth_abi reads in every block.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from sqlalchemy import Engine, event, select

from chain.client.blocks import hexadecimal
from chain.client.deployment import Deployment
from chain.client.errors import AnswerMalformed, RpcFault, RpcRefused, RpcUnavailable, StaleNode
from chain.client.node import Node
from chain.client.rpc import Rpc
from chain.indexer import tables
from chain.indexer.database import open_database, reading
from chain.indexer.errors import ReorgTooDeep
from chain.indexer.follow import Follower
from tests.devnet import running_anvil
from tests.emitter import NODE_OPTIONS, Emitter
from tests.postgres import Server, running_postgres

STEPS = (4, 9)
BLOCKS_MAX = 6
LOGS_MAX = 7
STATEMENTS_MAX = 90
REQUESTS_MAX = 12
# Deeper than any chain here, and so shallow that some forks need a repair.
DEPTHS = (1_000, 1_000, 8)
ALL_BLOCKS = 1_000
# What a node's fault may end a run with; everything else is a finding.
EXPECTED = (RpcUnavailable, RpcRefused, StaleNode, AnswerMalformed, ReorgTooDeep)

Dump = dict[str, list[tuple[Any, ...]]]
Answers = list[dict[str, Any]]


def dump(engine: Engine) -> Dump:
    """Everything that follows from the chain, as the database keeps it, in order."""
    has_events = tables.block.c.number.in_(select(tables.log.c.block_number))
    wanted = [(table, select(table)) for table in tables.PLACED_TABLES]
    wanted.append((tables.block, select(tables.block).where(has_events)))
    with reading(engine) as connection:
        found = {}
        for table, query in wanted:
            text = str(query.order_by(*table.primary_key.columns).compile(connection))
            rows = connection.exec_driver_sql(text)
            found[table.name] = [tuple(row) for row in rows]
        return found


class FaultyRpc(Rpc):
    """Breaks one answer, the `at`-th, in a way chosen by chance; `before` runs ahead of it."""

    def __init__(
        self, endpoint: str, chance: random.Random, at: int, before: Callable[[], None]
    ) -> None:
        super().__init__(endpoint, tries=1)
        self._chance = chance
        self._at = at
        self._before = before
        self._requests = 0
        self.done = "nothing"

    def _post(self, method: str, body: bytes) -> bytes:
        self._requests += 1
        if self._requests != self._at:
            return super()._post(method, body)
        fault = self._chance.choice(
            [self._away, self._null, self._lag, self._fork, self._other_branch, self._removed]
        )
        self.done = fault.__name__
        return fault(method, body)

    def _away(self, method: str, body: bytes) -> bytes:
        """The answer is lost."""
        super()._post(method, body)
        raise RpcUnavailable(RpcFault.RESET, method, self.endpoint)

    def _null(self, method: str, body: bytes) -> bytes:
        """Nothing where there is something."""
        return self._changed(method, body, lambda _: None)

    def _lag(self, method: str, body: bytes) -> bytes:
        """Headers of the blocks before."""
        asked = body.replace(b'"latest"', b'"safe"')
        return super()._post(method, asked)

    def _fork(self, method: str, body: bytes) -> bytes:
        """The chain forks just now."""
        self._before()
        return super()._post(method, body)

    def _other_branch(self, method: str, body: bytes) -> bytes:
        """Another block's hash, or transaction, in one place."""
        keys = ("blockHash", "hash", "parentHash", "transactionHash")

        def twist(found: Any) -> Any:
            items = [item for item in _listed(found) if isinstance(item, dict)]
            if items:
                item = self._chance.choice(items)
                for key in self._chance.sample(keys, len(keys)):
                    if key in item:
                        item[key] = hexadecimal(self._chance.randbytes(32))
                        break
            return found

        return self._changed(method, body, twist)

    def _removed(self, method: str, body: bytes) -> bytes:
        """Logs that a reorganisation took back."""

        def twist(found: Any) -> Any:
            for item in _listed(found):
                if isinstance(item, dict) and "removed" in item:
                    item["removed"] = True
            return found

        return self._changed(method, body, twist)

    def _changed(self, method: str, body: bytes, change: Callable[[Any], Any]) -> bytes:
        document = msgspec.json.decode(super()._post(method, body))
        answers: Answers = document if isinstance(document, list) else [document]
        for answer in answers:
            if "result" in answer:
                answer["result"] = change(answer["result"])
        return msgspec.json.encode(document)


class Schedule:
    """One seed's steps on one chain, from a deployment of its own."""

    def __init__(self, emitter: Emitter, url: str, fresh_url: str, seed: int) -> None:
        """The index at `url`; at the end it is held against one at `fresh_url`."""
        self._emitter = emitter
        self._node = emitter.node
        self._chance = random.Random(seed)
        self._deployment: Deployment = emitter.deployment
        self._depth = self._chance.choice(DEPTHS)
        self._url = url
        self._fresh_url = fresh_url
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        """Raises AssertionError where the index is not what it must be."""
        self._grow()
        steps = (self._grow, self._fork, self._follow, self._killed, self._killed, self._lied_to)
        for _ in range(self._chance.randint(*STEPS)):
            step = self._chance.choice(steps)
            self.done[step.__name__] += 1
            step()
        self._check()

    def _grow(self) -> None:
        for _ in range(self._chance.randint(1, BLOCKS_MAX)):
            count = self._chance.randrange(LOGS_MAX)
            self._emitter.emit([self._emitter.random_emission(self._chance) for _ in range(count)])
            self._emitter.mine()

    def _fork(self) -> None:
        """Other blocks in the place of the last ones, as few as one and as many as there are."""
        head = self._node.head()
        own = head.number - self._deployment.block + 1
        assert own > 0, f"the node's head is {head.number}, below what this schedule mined"
        depth = self._chance.choice([1, min(2, own), own, self._chance.randint(1, own)])
        first = head.number - depth + 1
        before = self._node.block(first)
        self._node.rpc.request("anvil_rollback", depth, null_allowed=True)
        later = hex(head.timestamp + 1)
        self._node.rpc.request("evm_setNextBlockTimestamp", later, null_allowed=True)
        self._grow()
        assert self._node.block(first).hash != before.hash, "the chain did not fork"

    def _follow(self) -> None:
        engine = open_database(self._url)
        try:
            self._follower(self._node, engine).catch_up()
        except (StaleNode, ReorgTooDeep) as error:
            self.done[type(error).__name__] += 1
        finally:
            engine.dispose()

    def _killed(self) -> None:
        """A process that dies between two statements, or ends before."""
        last = self._chance.randint(1, STATEMENTS_MAX)
        child = os.fork()
        if child == 0:
            try:
                engine = open_database(self._url)
                statements = iter(range(last))

                def count(*_: Any) -> None:
                    if next(statements, None) is None:
                        os.kill(os.getpid(), signal.SIGKILL)

                event.listen(engine, "before_cursor_execute", count)
                event.listen(engine, "commit", count)
                self._follower(Node(self._node.endpoint), engine).catch_up()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        self.done["died" if os.WIFSIGNALED(status) else "survived"] += 1

    def _lied_to(self) -> None:
        at = self._chance.randint(1, REQUESTS_MAX)
        node = Node(self._node.endpoint)
        node.rpc = faulty = FaultyRpc(node.endpoint, self._chance, at, self._fork)
        engine = open_database(self._url)
        try:
            self._follower(node, engine).catch_up()
        except EXPECTED as error:
            self.done[type(error).__name__] += 1
        finally:
            engine.dispose()
        self.done[faulty.done] += 1

    def _check(self) -> None:
        # A chain that is shorter than what was seen may only lag: one block more than ever tells.
        engine, fresh = open_database(self._url), open_database(self._fresh_url)
        try:
            follower = self._follower(self._node, engine)
            while True:
                try:
                    follower.catch_up()
                    break
                except StaleNode:
                    self._emitter.mine()
                except ReorgTooDeep:
                    self.done["repairs"] += 1
                    follower.repair()
            # All of it by range, where the other read it by hash.
            Follower(self._node, self._deployment, fresh, depth=1).catch_up()
            assert dump(engine) == dump(fresh)
            follower.audit(ALL_BLOCKS, self._chance)
            assert follower.catch_up().rolled_back == 0
        finally:
            engine.dispose()
            fresh.dispose()

    def _follower(self, node: Node, engine: Engine) -> Follower:
        return Follower(node, self._deployment, engine, depth=self._depth)


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def run_schedules(
    first_seed: int, count: int, told: Callable[[int], None], server: Server | None = None
) -> Counter[str]:
    """How often each thing happened; in SQLite, or in a PostgreSQL server.

    Raises AssertionError, which names the seed, for an index that is not what it must be.
    """
    done: Counter[str] = Counter()
    with running_anvil(*NODE_OPTIONS) as endpoint, TemporaryDirectory() as folder:
        emitter = Emitter(Node(endpoint))
        for seed in range(first_seed, first_seed + count):
            own, fresh = (f"sqlite:///{folder}/{seed}.{name}" for name in ("own", "fresh"))
            url = own if server is None else server.new_outbox()
            schedule = Schedule(emitter, url, fresh, seed)
            try:
                schedule.run()
            except Exception as error:
                raise AssertionError(f"schedule {seed} after {dict(schedule.done)}") from error
            done += schedule.done
            told(seed)
            for path in Path(folder).glob(f"{seed}.*"):
                path.unlink()
    return done


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true", help="in a PostgreSQL server")
    asked = parser.parse_args(arguments)

    def told(seed: int) -> None:
        done = seed - asked.seed + 1
        if done % 50 == 0:
            sys.stdout.write(f"{done} schedules\n")
            sys.stdout.flush()

    with running_postgres() if asked.postgres else nullcontext() as server:
        found = run_schedules(asked.seed, asked.schedules, told, server)
    sys.stdout.write(f"{asked.schedules} schedules from seed {asked.seed}, 0 violations\n")
    sys.stdout.write(", ".join(f"{name} {times}" for name, times in found.most_common()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
