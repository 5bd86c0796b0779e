"""The checkpoints an operator has added: converted once, pinned by digest, loaded from then on.

A source that was once accepted with one SHA-256 is refused with another, for good: the digest is
pinned on first use, and shown. The folder holds `pins.json` and, for each pair, a folder with its
card and safetensors.
"""

from __future__ import annotations

import json
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watermark.presence.checkpoints import load_card, networks_sha256, sha256_of
from watermark.presence.conversion import CARD_NAME, converted
from watermark.presence.fetching import address_of, fetch
from watermark.presence.networks import Role
from watermark.presence.refusal import CheckpointRefused, Reason

_PINS: Final = "pins.json"
_NAME_DIGITS: Final = 16


@dataclass(frozen=True)
class Source:
    """Where one of the two files comes from, and the SHA-256 it must have, if that is known."""

    place: str
    sha256: str | None = None


@dataclass(frozen=True)
class Added:
    """A pair in the library."""

    card: Path
    weights_sha256: str
    files_sha256: dict[str, str]  # by role; of the official files
    newly_pinned: tuple[str, ...]  # sources whose digest was recorded just now


class Library:
    """A folder of converted checkpoints."""

    def __init__(self, folder: Path, *, trust: ssl.SSLContext | None = None) -> None:
        self.folder = folder
        self._trust = trust

    def add(self, generator: Source, detector: Source, *, download: bool) -> Added:
        """Bring a pair in from paths or, if `download`, from addresses. Raises CheckpointRefused.

        Nothing is kept, and no digest pinned, unless both files are found good.
        """
        sources = dict(zip(Role, (generator, detector), strict=True))
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".adding-", dir=self.folder) as name:
            scratch = Path(name)
            files, digests = {}, {}
            for role, source in sources.items():
                files[role] = self._at_hand(source.place, scratch / role, download=download)
                digests[role] = sha256_of(files[role])
                first = self.pins().get(_pinned_as(source.place))
                _require_digest(source.place, digests[role], source.sha256, "you gave")
                _require_digest(source.place, digests[role], first, "when first added it was")
            card = converted(files[Role.GENERATOR], files[Role.DETECTOR], scratch / "pair")
            pair = load_card(card).weights_sha256
            assert pair == networks_sha256(*digests.values()), "the files changed while being read"
            home = self.folder / pair[:_NAME_DIGITS]
            if not home.exists():
                card.parent.rename(home)
        new = self._pin({_pinned_as(s.place): digests[role] for role, s in sources.items()})
        return Added(home / CARD_NAME, pair, {r.value: d for r, d in digests.items()}, new)

    def pairs(self) -> list[Path]:
        """The cards of every pair, in order of their digests."""
        return sorted(self.folder.glob(f"[0-9a-f]*/{CARD_NAME}"))

    def pins(self) -> dict[str, str]:
        """The SHA-256 of every source ever accepted. Raises CheckpointRefused."""
        path = self.folder / _PINS
        if not path.exists():
            return {}
        try:
            pins = json.loads(path.read_text("utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise _unreadable(path) from error
        if not isinstance(pins, dict) or not all(isinstance(v, str) for v in pins.values()):
            raise _unreadable(path)
        return pins

    def _pin(self, found: dict[str, str]) -> tuple[str, ...]:
        pins = self.pins()
        new = tuple(source for source in found if source not in pins)
        unfinished = self.folder / f".{_PINS}"
        unfinished.write_text(json.dumps(pins | found, indent=2, sort_keys=True) + "\n", "utf-8")
        unfinished.replace(self.folder / _PINS)
        return new

    def _at_hand(self, place: str, destination: Path, *, download: bool) -> Path:
        if Path(place).is_file():
            return Path(place)
        address = address_of(place)
        if not download:
            raise CheckpointRefused(
                place,
                Reason.NOT_FETCHED,
                f"it is not on this machine, and nothing is downloaded unasked ({address})",
                "Add --download to fetch it, or give a path.",
            )
        # keeps the file's name, which says whether it is a streaming checkpoint
        destination.mkdir()
        file = destination / Path(address).name
        fetch(address, file, trust=self._trust)
        return file


def _pinned_as(place: str) -> str:
    return str(Path(place).resolve()) if Path(place).is_file() else address_of(place)


def _require_digest(place: str, found: str, wanted: str | None, whence: str) -> None:
    if wanted is not None and found != wanted.lower():
        raise CheckpointRefused(
            place,
            Reason.WRONG_DIGEST,
            f"SHA-256 is {found}, {whence} {wanted}",
            "Find out why it changed before you trust it.",
        )


def _unreadable(path: Path) -> CheckpointRefused:
    return CheckpointRefused(
        path, Reason.BAD_CARD, "the pinned digests cannot be read", "Restore the file."
    )
