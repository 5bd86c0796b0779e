"""Weights named by a card: what the card pins loads, and nothing else does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.watermark.checkpoint_files import DECODER, SMALL, write_compact
from watermark.presence.checkpoints import (
    CheckpointRefused,
    Reason,
    build,
    load_compact,
    read_card,
    sha256_of,
)


def test_compact_weights_load_when_their_digests_match(tmp_path: Path) -> None:
    networks = load_compact(write_compact(tmp_path))

    torch.manual_seed(4)
    generator, _ = build(SMALL, DECODER, 16)
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor.half().float(), networks.generator.state_dict()[name])


def test_compact_weights_with_one_flipped_bit_are_refused(tmp_path: Path) -> None:
    card = write_compact(tmp_path)
    path = tmp_path / "detector.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(CheckpointRefused, match="the card pins") as refused:
        load_compact(card)

    assert refused.value.reason is Reason.WRONG_DIGEST


def test_compact_weights_that_the_card_pins_but_that_are_cut_short_are_refused(
    tmp_path: Path,
) -> None:
    card = write_compact(tmp_path)
    path = tmp_path / "detector.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    document = json.loads(card.read_text())
    document["files"]["detector"]["sha256"] = sha256_of(path)
    card.write_text(json.dumps(document))

    with pytest.raises(CheckpointRefused) as refused:
        load_compact(card)

    assert refused.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 9},
        {"seanet": {"dimension": "wide"}},
        {"files": {}},
        {"files": {r: {"file": "../x", "sha256": ""} for r in ("generator", "detector")}},
    ],
)
def test_a_card_that_cannot_be_understood_is_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(CheckpointRefused) as refused:
        load_compact(write_compact(tmp_path, **changes))

    assert refused.value.reason is Reason.BAD_CARD


def test_a_card_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(b"\xff{")

    with pytest.raises(CheckpointRefused) as refused:
        read_card(tmp_path / "card.json")

    assert refused.value.reason is Reason.BAD_CARD
