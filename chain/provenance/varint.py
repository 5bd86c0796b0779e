"""Unsigned LEB128 in its one shortest form, as multiformats demand it.

Source: multiformats/unsigned-varint.
"""

from __future__ import annotations

MORE_BIT = 0x80
LOW_BITS = 0x7F
BYTES_MAX = 9


def encode_varint(number: int) -> bytes:
    """Write `number` (0 <= number < 2^63), least significant group first."""
    assert 0 <= number < 1 << (7 * BYTES_MAX)
    encoded = bytearray()
    while number > LOW_BITS:
        encoded.append(number & LOW_BITS | MORE_BIT)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def decode_varint(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Read one number at `offset`; return it with the offset just after it.

    Raises ValueError on a cut, overlong or needlessly padded number: two spellings of one
    content id would let a block pass for another.
    """
    number = 0
    for index in range(BYTES_MAX):
        if offset + index >= len(data):
            raise ValueError("varint is cut short")
        byte = data[offset + index]
        number |= (byte & LOW_BITS) << (7 * index)
        if byte < MORE_BIT:
            if byte == 0 and index > 0:
                raise ValueError("varint is padded")
            return number, offset + index + 1
    raise ValueError(f"varint is longer than {BYTES_MAX} bytes")
