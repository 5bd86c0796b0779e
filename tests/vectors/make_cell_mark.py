"""Writes cell_mark.json: codewords of the cell mark, computed without our own code.

    python tests/vectors/make_cell_mark.py

HMAC, SHAKE-256 and AES-128 by openssl, CRC-32 by zlib, everything else by plain loops over
Python's integers, written from the definition in `watermark/identity/{symbols,codewords}.py`.
"""

from __future__ import annotations

import json
import subprocess
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent

PAIRS, BANDS, SYNC, SLOTS, ALPHABET = 125, 40, 8, 32, 256
COLUMNS = [130, 176, 202, 58, 24, 15, 148, 68, 51, 188, 207, 244, 125, 134, 253]
SECRET = bytes(range(7, 39))
IDS = [0, 1, 0x00F3A91C55D2E870, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF]


def openssl(*arguments: str, given: bytes) -> bytes:
    return subprocess.run(
        ["openssl", *arguments], input=given, capture_output=True, check=True
    ).stdout


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    command = ("dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary")
    return openssl(*command, given=text)


def aes(key: bytes, block: bytes) -> bytes:
    return openssl("enc", "-aes-128-ecb", "-nopad", "-K", key.hex(), given=block)


def token(secret: bytes, one: int) -> int:
    """The 96 bits sent: id and CRC through four Feistel rounds."""
    octets = one.to_bytes(8, "big")
    block = octets + zlib.crc32(octets).to_bytes(4, "big")
    left, right = int.from_bytes(block[:6], "big"), int.from_bytes(block[6:], "big")
    for number in range(4):
        key = hmac_sha256(secret, f"antiphon symbol round {number}".encode())[:16]
        scrambled = aes(key, right.to_bytes(8, "big") + bytes(8))[:8]
        left, right = right, left ^ (int.from_bytes(scrambled, "big") % 2**48)
    return left << 48 | right


def symbols(secret: bytes, one: int) -> list[int]:
    """Each triple and the four before it, around the circle, pick the symbol."""
    bits = [int(digit) for digit in f"{token(secret, one):096b}"]
    sent = []
    for slot in range(SLOTS):
        symbol = 0
        for back in range(5):
            triple = bits[3 * ((slot - back) % SLOTS) :][:3]
            for place, bit in enumerate(reversed(triple)):
                if bit:
                    symbol ^= COLUMNS[3 * back + place]
        sent.append(symbol)
    return sent


def chips(secret: bytes, one: int) -> list[str]:
    """One row of 40 signs for each of 125 pairs."""
    shuffle, sync = PAIRS * BANDS * 8, PAIRS * SYNC // 8
    length = shuffle + sync + SLOTS * ALPHABET * PAIRS // 8
    stream = openssl(
        "dgst", "-shake256", "-xoflen", str(length), "-binary",
        given=hmac_sha256(secret, b"antiphon cell mark 2"),
    )  # fmt: skip
    bits = "".join(f"{octet:08b}" for octet in stream[shuffle:])
    sync_bits, pattern_bits = bits[: 8 * sync], bits[8 * sync :]
    spelt = symbols(secret, one)
    rows = []
    for pair in range(PAIRS):
        drawn = [stream[8 * (pair * BANDS + band) :][:8] for band in range(BANDS)]
        order = sorted(range(BANDS), key=lambda band: drawn[band])
        row = ["?"] * BANDS
        for rank, band in enumerate(order):
            if rank < SYNC:
                bit = sync_bits[pair * SYNC + rank]
            else:
                slot = rank - SYNC
                bit = pattern_bits[(slot * ALPHABET + spelt[slot]) * PAIRS + pair]
            row[band] = "+" if bit == "1" else "-"
        rows.append("".join(row))
    return rows


def main() -> None:
    vectors = {
        "secret": SECRET.hex(),
        "ids": [
            {
                "id": f"0x{one:016x}",
                "crc_32": f"{zlib.crc32(one.to_bytes(8, 'big')):08x}",
                "token": f"{token(SECRET, one):024x}",
                "symbols": bytes(symbols(SECRET, one)).hex(),
            }
            for one in IDS
        ],
        "chips": {"id": f"0x{IDS[2]:016x}", "rows": chips(SECRET, IDS[2])},
    }
    (HERE / "cell_mark.json").write_text(json.dumps(vectors, indent=2) + "\n")


if __name__ == "__main__":
    main()
