"""The identity mark's trained networks: loaded from pinned weights, or refused with a reason.

Weights are safetensors beside a JSON card that pins their SHA-256; a digest that differs is refused
before a byte is parsed. Where there is no card, detector and embedder fall back on the classical
evidence and the analytic depths.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import nn

from watermark.identity.evidence import block_evidence
from watermark.identity.learned_evidence import EvidenceNetwork, LearnedEvidence
from watermark.identity.learned_strength import StrengthNetwork
from watermark.identity.windows import Evidence

IDENTITY_CARD: Final = Path(__file__).parents[1] / "weights" / "identity.json"
CARD_FORMAT: Final = 1
_LARGEST_BYTES: Final = 1024 * 1024  # the networks have a few thousand weights
_KINDS: Final[dict[str, type[nn.Module]]] = {
    "evidence": EvidenceNetwork,
    "strength": StrengthNetwork,
}
_SETTINGS: Final = {"evidence": {"channels", "halves"}, "strength": {"channels"}}
_WIDEST: Final = 256  # channels


class Reason(StrEnum):
    """Why weights were refused."""

    MISSING = "missing"
    """There is no such file."""
    TOO_LARGE = "too large"
    """The file is larger than any of these networks."""
    WRONG_DIGEST = "wrong digest"
    """The SHA-256 is not the pinned one."""
    DAMAGED = "damaged"
    """The digest is right and yet the file is no safetensors file."""
    WRONG_SHAPE = "wrong shape"
    """Names or shapes are not those of the network."""
    BAD_CARD = "bad card"
    """The JSON card cannot be understood."""


class WeightsRefused(Exception):
    """Weights were not loaded; the classical detector and the analytic embedder still work."""

    def __init__(self, path: Path, reason: Reason, detail: str) -> None:
        super().__init__(
            f"{path}: {reason}: {detail}. Restore the file from the repository, train new weights "
            "(python -m watermark.train identity), or choose the classical detector."
        )
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class IdentityNetworks:
    """What a card names; a network it does not name is None."""

    evidence: LearnedEvidence | None
    strength: StrengthNetwork | None
    weights_sha256: str  # of the card, which pins the rest


def load_networks(card_path: Path = IDENTITY_CARD) -> IdentityNetworks:
    """Load what a card names. Raises WeightsRefused."""
    text = _read(card_path)
    card = _card(card_path, text)
    networks: dict[str, nn.Module] = {}
    for kind, pinned in card["networks"].items():
        network = _built(card_path, kind, pinned.get("settings", {}))
        networks[kind] = _load(card_path.parent / pinned["file"], pinned["sha256"], network)
    evidence, strength = networks.get("evidence"), networks.get("strength")
    assert evidence is None or isinstance(evidence, EvidenceNetwork)
    assert strength is None or isinstance(strength, StrengthNetwork)
    return IdentityNetworks(
        evidence=None if evidence is None else LearnedEvidence(evidence),
        strength=strength,
        weights_sha256=hashlib.sha256(text).hexdigest(),
    )


@functools.cache
def shipped() -> IdentityNetworks:
    """The networks this package carries; none where it carries no card. Raises WeightsRefused."""
    if not IDENTITY_CARD.exists():
        return IdentityNetworks(None, None, "")
    return load_networks()


def best_evidence() -> Evidence:
    """The shipped detector, or the classical one where none is shipped. Raises WeightsRefused."""
    return shipped().evidence or block_evidence


def _card(path: Path, text: bytes) -> dict[str, Any]:
    try:
        card = json.loads(text)
        pins = {k: (str(v["file"]), str(v["sha256"])) for k, v in card["networks"].items()}
        known = card["format"] == CARD_FORMAT and pins.keys() <= _KINDS.keys()
        inside = all(Path(file).name == file for file, _ in pins.values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsRefused(path, Reason.BAD_CARD, f"cannot be understood ({error!r})") from error
    if not known or not inside:
        raise WeightsRefused(
            path, Reason.BAD_CARD, "another format, an unknown network or a file elsewhere"
        )
    return dict(card)


def _built(card_path: Path, kind: str, settings: Any) -> nn.Module:
    """A network of a card's settings, with fresh weights."""
    known = isinstance(settings, dict) and all(
        name in _SETTINGS[kind] and isinstance(value, int) and 0 <= value <= _WIDEST
        for name, value in settings.items()
    )
    if not known:
        raise WeightsRefused(card_path, Reason.BAD_CARD, f"unknown settings of {kind}: {settings}")
    return _KINDS[kind](**settings)


def _load(path: Path, sha256: str, network: nn.Module) -> nn.Module:
    data = _read(path)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise WeightsRefused(path, Reason.WRONG_DIGEST, f"has SHA-256 {found}, not {sha256}")
    try:
        state = load_safetensors(data)
    except SafetensorError as error:
        raise WeightsRefused(path, Reason.DAMAGED, str(error)) from error
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsRefused(path, Reason.WRONG_SHAPE, str(error)) from error
    return network.eval().requires_grad_(False)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise WeightsRefused(path, Reason.TOO_LARGE, f"over {_LARGEST_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise WeightsRefused(path, Reason.MISSING, str(error)) from error
