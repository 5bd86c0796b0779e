"""Decoders made from the ABIs when the program starts: from a log's bytes to rows as they are kept.

For each event one function is written and compiled. It takes the words apart with a single
`struct.unpack`, refuses words whose padding is not zero with a single mask, and adds a tuple in
column order to the rows of each table that the event fills. No value is turned into something else
on the way: numbers of more than 63 bits and accounts stay the bytes that they already are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table

from chain.client.interfaces import Field
from chain.indexer.columns import Account, Uint64, Uint256
from chain.indexer.event_table import EMITTER, SOURCES, Path, Source, event_abi
from chain.indexer.tables import EVENT_TABLES
from chain.ledger.words import WORD_BYTES

# block number, log index, transaction hash, emitter, topics in one, data, rows by table
Decoder = Callable[[int, int, bytes, bytes, bytes, bytes, "Rows"], None]
Rows = list[list[tuple[Any, ...]]]
# Where in a word a column's value is, and how it is taken out.
FORMS: Final[dict[type[Any], str]] = {
    Account: "12x20s",
    LargeBinary: "32s",
    Uint256: "32s",
    Uint64: "24x8s",
    BigInteger: "24xQ",
    Integer: "24xQ",
    Boolean: "31x?",
}
SKIPPED: Final = "32x"
POINTER: Final = "24xQ"
_WORD: Final = (1 << 256) - 1
_NUMBER_OF: Final = {table: number for number, table in enumerate(EVENT_TABLES)}


class Undecodable(Exception):
    """A log is not what its event's ABI says; `reason` tells in what."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@cache
def decoder(contract: str, event: str) -> Decoder:
    """The function for an event that has a table; it raises Undecodable or struct.error."""
    program = _Program(contract, event)
    source = program.text()
    names: dict[str, Any] = {"Undecodable": Undecodable, "array": _array, "octets": _octets}
    names |= program.constants
    exec(compile(source, f"<decoder of {contract}.{event}>", "exec"), names)  # noqa: S102 (our own words)
    made: Decoder = names["decode"]
    return made


def empty_rows() -> Rows:
    """No rows yet for any of `EVENT_TABLES`, in their order."""
    return [[] for _ in EVENT_TABLES]


@dataclass(frozen=True)
class _Word:
    """A word of fixed place and what it may hold."""

    path: Path
    type: str

    @property
    def padding(self) -> int:
        """Ones where the type demands zeros."""
        if self.type.startswith("uint"):
            return _WORD ^ ((1 << int(self.type[4:])) - 1)
        bits = {"address": 160, "bool": 1, "bytes32": 256, "pointer": 64}[self.type]
        return _WORD ^ ((1 << bits) - 1)


@dataclass
class _Layout:
    """Words one after the other, and the variables they are unpacked into."""

    words: list[_Word]
    taken: dict[int, tuple[str, str]] = field(default_factory=dict)
    prefix: str = "v"

    def variable(self, path: Path, form: str) -> str:
        """The variable with a word's value in a form. A word may have one form only per event."""
        place = next(n for n, word in enumerate(self.words) if word.path == path)
        name, known = self.taken.setdefault(place, (f"{self.prefix}{place}", form))
        if known == form:
            return name
        # Kept as a number for one table and as bytes for another.
        assert {known, form} == {FORMS[BigInteger], FORMS[Uint64]}
        return (
            f'{name}.to_bytes(8, "big")' if known == POINTER else f'int.from_bytes({name}, "big")'
        )

    @property
    def format(self) -> str:
        return ">" + "".join(
            self.taken[n][1] if n in self.taken else SKIPPED for n in range(len(self.words))
        )

    @property
    def names(self) -> str:
        return "".join(f"{self.taken[n][0]}, " for n in sorted(self.taken))

    @property
    def mask(self) -> int:
        return sum(word.padding << 256 * n for n, word in enumerate(reversed(self.words)))


class _Program:
    """The text of one event's decoder."""

    def __init__(self, contract: str, event: str) -> None:
        self.constants: dict[str, Any] = {}
        self._sources = SOURCES[contract, event]
        self._inputs = event_abi(contract, event).inputs
        indexed = [f for f in self._inputs if f.indexed]
        plain = [f for f in self._inputs if not f.indexed]
        self._topics_bytes = WORD_BYTES * (1 + len(indexed))
        self._tails = [f for f in plain if _is_dynamic(f)]
        self._head = _Layout(
            [_Word((), "bytes32")] + [w for f in (*indexed, *plain) for w in _words(f, ())]
        )
        self._elements = {
            f.name: _Layout(list(_element_words(f)), prefix=f"{f.name}_")
            for f in self._tails
            if f.type.endswith("[]")
        }

    def text(self) -> str:
        appends: list[str] = []
        for _ in range(2):  # a loop names all variables of its layout, and only now they are known
            appends = [line for fill in self._sources for line in self._append(*fill)]
        tails = list(self._tail_lines())
        exact = not self._tails
        head = struct.Struct(self._head.format)
        self.constants |= {"unpack": head.unpack if exact else head.unpack_from}
        lines = [
            "def decode(n, i, h, a, t, d, into):",
            f"    if len(t) != {self._topics_bytes}:",
            '        raise Undecodable(f"{len(t) // 32} topics")',
            "    w = t + d",
            f"    {self._head.names}= unpack(w)" if self._head.taken else "    unpack(w)",
        ]
        if self._head.mask:
            self.constants["PADDING"] = self._head.mask
            part = "w" if exact else f"w[:{head.size}]"
            lines += [
                f'    if int.from_bytes({part}, "big") & PADDING:',
                '        raise Undecodable("padding that is not zero")',
            ]
        return "\n".join([*lines, *tails, *appends, ""])

    def _tail_lines(self) -> Iterator[str]:
        for tail in self._tails:
            pointer = self._head.variable((tail.name,), POINTER)
            layout = self._elements.get(tail.name)
            if layout is None:
                yield f"    {tail.name}_ = octets(d, {pointer})"
            else:
                self.constants[f"{tail.name}_struct"] = struct.Struct(layout.format)
                self.constants[f"{tail.name}_mask"] = layout.mask
                yield (
                    f"    {tail.name}_ = array(d, {pointer}, {tail.name}_struct, {tail.name}_mask)"
                )

    def _append(self, table: Table, source: Source) -> Iterator[str]:
        known = {"block_number": "n", "log_index": "i", "tx_hash": "h", "position": "p"}
        known |= {column: repr(value) for column, value in source.constants.items()}
        for column, path in source.paths.items():
            known[column] = self._value(table, column, path)
        values = ", ".join(known.get(column.name, "None") for column in table.columns)
        append = f"into[{_NUMBER_OF[table]}].append(({values}))"
        if source.each is None:
            yield f"    {append}"
        else:
            names = self._elements[source.each].names
            yield f"    for p, ({names}) in enumerate({source.each}_):"
            yield f"        {append}"

    def _value(self, table: Table, column: str, path: Path) -> str:
        if path == (EMITTER,):
            return "a"
        if path[0] not in self._elements and any(path == (tail.name,) for tail in self._tails):
            return f"{path[0]}_"
        form = FORMS[type(table.c[column].type)]
        return self._elements.get(path[0], self._head).variable(path, form)


def _words(given: Field, above: Path) -> Iterator[_Word]:
    """The words of a parameter in the head; of one without fixed size, where it is."""
    path = (*above, given.name)
    if _is_dynamic(given):
        assert not above, f"{given.name}: a struct without fixed size"
        yield _Word(path, "pointer")
    elif given.parts:
        for part in given.parts:
            yield from _words(part, path)
    else:
        yield _Word(path, given.type)


def _element_words(given: Field) -> Iterator[_Word]:
    element = Field(given.name, given.type.removesuffix("[]"), False, given.parts)
    assert not _is_dynamic(element), f"{given.name}: elements without fixed size"
    yield from _words(element, ())


def _is_dynamic(given: Field) -> bool:
    return given.type.endswith("[]") or given.type in {"bytes", "string"}


def _array(data: bytes, start: int, layout: struct.Struct, mask: int) -> Sequence[tuple[Any, ...]]:
    """The elements of an array that begins, with its length, at `start`."""
    first = start + WORD_BYTES
    count = int.from_bytes(data[start:first], "big")
    part = data[first : first + count * layout.size]
    if len(data) < first or len(part) != count * layout.size:
        raise Undecodable("an array that ends early")
    for at in range(0, len(part), layout.size):
        if int.from_bytes(part[at : at + layout.size], "big") & mask:
            raise Undecodable("padding that is not zero")
    return list(layout.iter_unpack(part))


def _octets(data: bytes, start: int) -> bytes:
    """Bytes that begin, with their length, at `start`."""
    first = start + WORD_BYTES
    size = int.from_bytes(data[start:first], "big")
    padded = data[first : first + size + -size % WORD_BYTES]
    if len(data) < first or len(padded) != size + -size % WORD_BYTES:
        raise Undecodable("bytes that end early")
    if any(padded[size:]):
        raise Undecodable("padding that is not zero")
    return padded[:size]
