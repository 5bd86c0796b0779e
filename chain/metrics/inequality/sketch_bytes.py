"""A summary as bytes: the bits, then each bucket's step from the one before, count and total.

Numbers are written in groups of seven bits, lowest first, the eighth saying that more follow
(LEB128), as short as they can be: equal summaries have equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chain.metrics.errors import SketchBroken
from chain.metrics.inequality.sketch import BITS_MAX, InequalitySketch

_MAGIC: Final = b"ineq1"
# Counts and totals of 2^256 amounts of 2^256.
_BYTES_PER_NUMBER_MAX: Final = 74


def sketch_to_bytes(sketch: InequalitySketch) -> bytes:
    """The one way to write this summary."""
    written = bytearray(_MAGIC)
    written.append(sketch.bits)
    before = -1
    for index, count, total in sketch.stored():
        for number in (index - before - 1, count, total):
            _write(written, number)
        before = index
    return bytes(written)


def sketch_from_bytes(content: bytes) -> InequalitySketch:
    """Read a summary. Raises SketchBroken for everything that `sketch_to_bytes` does not write."""
    if not content.startswith(_MAGIC) or len(content) == len(_MAGIC):
        raise SketchBroken("this is no summary of amounts")
    bits = content[len(_MAGIC)]
    if bits > BITS_MAX:
        raise SketchBroken(f"it claims {bits} bits")
    sketch = InequalitySketch(bits)
    numbers = _read(content[len(_MAGIC) + 1 :])
    index = -1
    for step in numbers:
        count, total = next(numbers, None), next(numbers, None)
        if count is None or total is None:
            raise SketchBroken("it ends within a bucket")
        index += step + 1
        if index > 256 << bits:
            raise SketchBroken(f"it has a bucket {index}, beyond all amounts")
        try:
            sketch.add_bucket(index, count, total)
        except ValueError as impossible:
            raise SketchBroken(str(impossible)) from impossible
    return sketch


def _write(written: bytearray, number: int) -> None:
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)


def _read(content: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in content:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if byte == 0 and shift > 7:
                raise SketchBroken("a number is longer than it need be")
            yield number
            number = shift = 0
        elif shift > 7 * _BYTES_PER_NUMBER_MAX:
            raise SketchBroken("a number has no end")
    if shift:
        raise SketchBroken("it ends within a number")
