"""Damages valid files in many ways, by seed: what the decoder path must survive.

Longer, from the repository root: `python -m tests.watermark.decoder_fuzz --seconds 600 --seed 7`
"""

from __future__ import annotations

import argparse
import collections
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.watermark.test_containers import FORMATS, encoded
from watermark.audio.containers import _ogg_crc
from watermark.audio.errors import AudioRefused
from watermark.audio.examination import Examiner
from watermark.audio.files import AudioLimits

LIMITS = AudioLimits(seconds_max=600.0, decode_seconds_max=5.0)
_HEAD_BYTES = 240  # headers lie here; more than half of all damage goes there
_EDGES = (0x00, 0x01, 0x7F, 0x80, 0xFF)
_WORDS = (b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80")


def corpus(seconds: float = 3.0) -> dict[str, bytes]:
    """One valid file per format."""
    return {kind: encoded(kind, seconds) for kind in FORMATS}


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """A copy with one to sixteen changes; Ogg pages get true sums half of the time."""
    changed = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        reach = min(len(changed), _HEAD_BYTES if rng.random() < 0.6 else len(changed))
        at = rng.randrange(max(reach, 1))
        match rng.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([changed[at] ^ 1 << rng.randrange(8)])
            case 1:
                changed[at : at + 1] = bytes([rng.choice(_EDGES)])
            case 2:
                changed[at : at + 4] = rng.choice((*_WORDS, rng.randbytes(4)))
            case 3:
                del changed[at : at + rng.randrange(1, 2000)]
            case 4:
                changed[at:at] = rng.randbytes(rng.randrange(1, 64))
            case _:
                source = rng.randrange(len(changed))
                changed[at:at] = changed[source : source + rng.randrange(1, 500)]
        changed = changed or bytearray(1)
    if changed[:4] == b"OggS" and rng.random() < 0.5:
        return with_true_sums(bytes(changed))
    return bytes(changed)


def with_true_sums(ogg: bytes) -> bytes:
    """The same Ogg pages with their checksums made right: damage the decoder gets to see."""
    mended = bytearray(ogg)
    at = 0
    while ogg[at : at + 4] == b"OggS" and at + 27 <= len(ogg):
        segments = ogg[at + 26]
        size = 27 + segments + sum(ogg[at + 27 : at + 27 + segments])
        mended[at + 22 : at + 26] = bytes(4)
        crc = _ogg_crc(bytes(mended[at : at + size]))
        mended[at + 22 : at + 26] = crc.to_bytes(4, "little")
        at += size
    return bytes(mended)


def outcome(examiner: Examiner, path: Path) -> str:
    """ "read", or the refusal's code with a star when the examining fork did not survive."""
    try:
        examiner.examine(examiner.open(path, LIMITS))
    except AudioRefused as refusal:
        lost = "crashed" in refusal.detail or "ended over" in refusal.detail
        return refusal.code + ("*" if lost else "")
    return "read"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"), help="for what crashes")
    given = parser.parse_args()
    rng, files = random.Random(given.seed), corpus()
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    examiner = Examiner()
    end = time.monotonic() + given.seconds
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            kind = rng.choice(sorted(files))
            path = Path(folder) / f"damaged.{kind}"
            path.write_bytes(damaged(files[kind], rng))
            seen = outcome(examiner, path)
            counts[kind, seen] += 1
            if seen.endswith("*") or seen == "audio-too-costly":
                given.keep.mkdir(parents=True, exist_ok=True)
                kept = given.keep / f"{given.seed}-{counts.total()}.{kind}"
                kept.write_bytes(path.read_bytes())
                sys.stdout.write(f"{seen} {kept}\n")
    examiner.close()
    sys.stdout.write(f"{counts.total()} damaged files, seed {given.seed}\n")
    for (kind, seen), count in sorted(counts.items()):
        sys.stdout.write(f"{kind:5} {seen:20} {count}\n")
    return int(any(seen.endswith("*") for _, seen in counts))


if __name__ == "__main__":
    sys.exit(main())
