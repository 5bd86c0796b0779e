"""Tables that follow from the committed ABIs: a line says which event fills which columns.

    payment = event_table(
        "payment", of("RoyaltyLedger.Paid", "work_id token payer amount gross"), key="work_id"
    )

A column takes the parameter of its own name (`work_id` is `workId`), or another one that is named
after `=`; dots lead into structs, and give the column the last part's name. What does not come from
a parameter is given as a constant. With `each`, an array parameter gives a row per element. A
column's type is that of its parameter, and it may be NULL where one of several events says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from chain.client.interfaces import Event, Field, interface, parse_interface
from chain.indexer.columns import Account, Uint64, Uint256

metadata = MetaData()

DIGEST: Final = LargeBinary(32)
ERC20: Final = "ERC20"
# The contract that said it, where the event's parameters do not tell.
EMITTER: Final = "emitter"
_ERC20_ABI: Final = (
    {
        "type": "event",
        "name": "Transfer",
        "inputs": [
            {"name": "from", "type": "address", "indexed": True},
            {"name": "to", "type": "address", "indexed": True},
            {"name": "value", "type": "uint256", "indexed": False},
        ],
    },
)

# Column types for unsigned numbers, each holding all that those before it do.
NUMBERS: Final = (Integer, BigInteger, Uint64, Uint256)

Constant = bool | int | str
Path = tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """An event that fills a table: where each column's value is found in it."""

    contract: str
    event: str
    paths: Mapping[str, Path]
    constants: Mapping[str, Constant]
    each: str | None
    """The array parameter that has a row per element."""

    @property
    def abi(self) -> Event:
        return event_abi(self.contract, self.event)


# What each event fills, by contract and name.
SOURCES: Final[dict[tuple[str, str], list[tuple[Table, Source]]]] = defaultdict(list)


def of(event: str, columns: str, *, each: str | None = None, **constants: Constant) -> Source:
    """`event` is Contract.Event; see above for `columns`."""
    contract, _, name = event.partition(".")
    paths = dict(_column_and_path(part) for part in columns.split())
    return Source(contract, name, paths, constants, each)


def event_table(name: str, *sources: Source, key: str = "", also: str = "") -> Table:
    """A table of events, looked up by the columns of `key`, and by those of `also`.

    `many` rows of one log are told apart by `position`. Raises KeyError for what no ABI has.
    """
    place = [_place("block_number"), _place("log_index")]
    if any(source.each for source in sources):
        place.append(_place("position"))
    named: dict[str, list[Any]] = {}
    for source in sources:
        for column, kind in _kinds(source):
            named.setdefault(column, []).append(kind)
    columns = [
        Column(column, _widest(kinds), nullable=len(kinds) < len(sources))
        for column, kinds in named.items()
    ]
    tx_hash = Column("tx_hash", DIGEST, nullable=False)
    # Rows come in chain order and are kept in it, without a second order of SQLite's own.
    table = Table(name, metadata, *place, tx_hash, *columns, sqlite_with_rowid=False)
    for prefix, parts in (("ix", key), ("iy", also)):
        if parts:
            Index(f"{prefix}_{name}", *(table.c[part] for part in parts.split()))
    for source in sources:
        SOURCES[source.contract, source.event].append((table, source))
    return table


@cache
def event_abi(contract: str, name: str) -> Event:
    """The committed description of an event, or of ERC-20's Transfer. Raises KeyError."""
    known = parse_interface(ERC20, _ERC20_ABI, b"") if contract == ERC20 else interface(contract)
    return known.event_named(name)


def field_at(source: Source, path: Path) -> Field:
    """The parameter at a path; an element of the array of `each`. Raises KeyError."""
    parts: tuple[Field, ...] = source.abi.inputs
    found: Field | None = None
    for step in path:
        found = next((part for part in parts if part.name == step), None)
        if found is None:
            raise KeyError(f"{source.contract}.{source.event} has no {'.'.join(path)}")
        if step == source.each:
            found = Field(step, found.type.removesuffix("[]"), False, found.parts)
        parts = found.parts
    assert found is not None
    return found


def _kinds(source: Source) -> Iterator[tuple[str, Any]]:
    for column, path in source.paths.items():
        yield column, Account() if path == (EMITTER,) else _kind(field_at(source, path).type)
    for column, value in source.constants.items():
        # bool is an int to Python.
        kind = Boolean if isinstance(value, bool) else Integer if isinstance(value, int) else Text
        yield column, kind()


def _kind(abi_type: str) -> Any:
    """The column type that holds every value of an ABI type, and orders as the values do."""
    if abi_type.startswith("uint"):
        bits = int(abi_type[4:])
        if bits > 64:
            return Uint256()
        # Signed 64 bits are all that databases have.
        return Uint64() if bits == 64 else BigInteger() if bits >= 32 else Integer()
    kinds = {"address": Account(), "bool": Boolean(), "bytes32": DIGEST, "bytes": LargeBinary()}
    return kinds[abi_type]


def _widest(kinds: list[Any]) -> Any:
    """The type that holds what each of several events says."""
    return max(kinds, key=lambda kind: NUMBERS.index(type(kind)) if type(kind) in NUMBERS else 0)


def _place(name: str) -> Column[Any]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _column_and_path(part: str) -> tuple[str, Path]:
    column, _, given = part.rpartition("=")
    steps = given.split(".")
    return column or steps[-1], tuple(_camel(step) for step in steps)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
