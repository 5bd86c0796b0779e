"""What a file's bytes say it is, and whether all of them are there.

The decoder library reads a WAV or Ogg file that was cut off, or lost a page, as if it were whole:
found by trying. What must not be taken for a whole recording is therefore looked for here, without
decoding. FLAC frames carry checksums that the decoder itself enforces.

WAV: RIFF chunks, and the 64-bit sizes of EBU Tech 3306 (RF64). Ogg: RFC 3533, pages with a CRC of
polynomial 0x04c11db7, no inversion. MPEG: the frame count of the Xing, Info or VBRI header, where
an encoder wrote one.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from watermark.audio.errors import AudioUnreadable

SNIFFED_BYTES: Final = 16
FORMAT_OF_SUFFIX: Final = {
    ".wav": "wav",
    ".wave": "wav",
    ".rf64": "wav",
    ".flac": "flac",
    ".ogg": "ogg",
    ".oga": "ogg",
    ".opus": "ogg",
    ".mp3": "mp3",
}
_UNKNOWN_SIZES: Final = (0, 0x7FFFFFFF, 0xFFFFFFFF)  # what writers to a pipe leave in a header
_CHUNKS_MAX: Final = 4096
_PAGE_HEADER_BYTES: Final = 27
_LAST_PAGE: Final = 0x04
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_MPEG_HEADER_SEARCH_BYTES: Final = 4096


def sniff(head: bytes) -> str | None:
    """The container a file's first bytes announce: wav, flac, ogg, mp3, or None."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    # An MPEG audio frame: eleven sync bits, then a version and a layer that are not reserved.
    frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0
    return "mp3" if head[:3] == b"ID3" or frame else None


def require_whole(path: Path, container: str) -> None:
    """Raises AudioUnreadable when bytes are missing or damaged, as far as the container tells."""
    with path.open("rb") as file:
        if container == "wav":
            _require_whole_wav(file, path.stat().st_size)
        elif container == "ogg":
            _require_whole_ogg(file)


def states_its_length(path: Path, container: str) -> bool:
    """Whether the header's frame count is a promise that decoding must meet."""
    if container != "mp3":
        return container == "flac"
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":
            size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
            file.seek(10 + size)
        else:
            file.seek(0)
        first_frame = file.read(_MPEG_HEADER_SEARCH_BYTES)
    return any(tag in first_frame for tag in (b"Xing", b"Info", b"VBRI"))


def _require_whole_wav(file: BinaryIO, size: int) -> None:
    riff = file.read(12)
    data_bytes_64: int | None = None
    for _ in range(_CHUNKS_MAX):
        header = file.read(8)
        if len(header) < 8:
            raise AudioUnreadable("a WAV file without samples; it was cut off: fetch it again")
        name, chunk_bytes = struct.unpack("<4sI", header)
        if name == b"ds64" and riff[:4] == b"RF64":
            sizes = file.read(16)
            data_bytes_64 = struct.unpack("<QQ", sizes)[1] if len(sizes) == 16 else None
            file.seek(chunk_bytes - len(sizes), 1)
        elif name == b"data":
            promised = chunk_bytes
            if chunk_bytes == 0xFFFFFFFF and data_bytes_64 is not None:
                promised = data_bytes_64
            elif chunk_bytes in _UNKNOWN_SIZES:
                return
            there = size - file.tell()
            if there < promised:
                raise AudioUnreadable(
                    f"cut off: {promised} bytes of samples promised, {there} there; fetch it again"
                )
            return
        else:
            file.seek(chunk_bytes + chunk_bytes % 2, 1)
    raise AudioUnreadable("a WAV file of more than 4096 chunks; export it again")


def _require_whole_ogg(file: BinaryIO) -> None:
    expected_number: dict[bytes, int] = {}
    ended: set[bytes] = set()
    while header := file.read(_PAGE_HEADER_BYTES):
        if len(header) < _PAGE_HEADER_BYTES or header[:4] != b"OggS":
            raise AudioUnreadable("an Ogg page is damaged or cut off; fetch the file again")
        table = file.read(header[26])
        body = file.read(sum(table))
        blank = header[:22] + bytes(4) + header[26:]
        stated = int.from_bytes(header[22:26], "little")
        if len(body) < sum(table) or _ogg_crc(blank + table + body) != stated:
            raise AudioUnreadable("an Ogg page is damaged or cut off; fetch the file again")
        serial, number = header[14:18], int.from_bytes(header[18:22], "little")
        if number != expected_number.get(serial, number):
            raise AudioUnreadable("Ogg pages are missing; fetch the file again")
        expected_number[serial] = (number + 1) & 0xFFFFFFFF
        if header[5] & _LAST_PAGE:
            ended.add(serial)
    if set(expected_number) - ended:
        raise AudioUnreadable("the Ogg stream has no last page: it was cut off; fetch it again")


def _ogg_crc(page: bytes) -> int:
    """Ogg's CRC by way of zlib's, which is the same one over mirrored bits, inverted twice."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")
