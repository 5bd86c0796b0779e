"""Checkpoints: official files load, and no file runs anything or half-loads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import save_file

from watermark.presence.checkpoints import (
    CheckpointRefused,
    Reason,
    build,
    load_compact,
    load_official,
    read_card,
    sha256_of,
)

SMALL: dict[str, Any] = {
    "activation": "ELU",
    "activation_params": {"alpha": 1.0},
    "causal": False,
    "channels": 1,
    "compress": 2,
    "dilation_base": 2,
    "dimension": 16,
    "disable_norm_outer_blocks": 0,
    "kernel_size": 7,
    "last_kernel_size": 7,
    "lstm": 0,
    "n_filters": 2,
    "n_residual_layers": 1,
    "norm": "none",
    "norm_params": {},
    "pad_mode": "constant",
    "ratios": [8, 5, 4, 2],
    "residual_kernel_size": 3,
    "true_skip": True,
}
# the published configuration: 128 dimensions, 32 filters, two LSTM layers, weight normalisation
OFFICIAL = {**SMALL, "dimension": 128, "n_filters": 32, "lstm": 2, "norm": "weight_norm"}
DECODER = {"final_activation": None, "final_activation_params": None, "trim_right_ratio": 1.0}


OLD_NORM = ("weight_g", "weight_v")
NEW_NORM = ("parametrizations.weight.original0", "parametrizations.weight.original1")


def published_names(
    state: dict[str, torch.Tensor], norm: tuple[str, str]
) -> dict[str, torch.Tensor]:
    """State as audiocraft writes it: no `inner_conv`, weights split into length and direction."""
    written: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        old = name.replace(".inner_conv.", ".")
        if old != name and name.endswith(".weight"):
            axes = tuple(range(1, tensor.ndim))
            length = torch.linalg.vector_norm(tensor, dim=axes, keepdim=True)
            written[old.removesuffix("weight") + norm[0]] = length
            written[old.removesuffix("weight") + norm[1]] = tensor * 2.5
        else:
            written[old] = tensor
    return written


def write_official(
    folder: Path, seanet: dict[str, Any], norm: tuple[str, str] = OLD_NORM
) -> tuple[Path, Path, Any, Any]:
    torch.manual_seed(3)
    generator, detector = build(seanet, DECODER, 16)
    settings = {"nbits": 16, "seanet": seanet, "sample_rate": 16000}
    paths = []
    for role, network in (("generator", generator), ("detector", detector)):
        configuration = OmegaConf.create({**settings, "decoder": DECODER, "unused": [1, "two"]})
        path = folder / f"{role}.pth"
        torch.save(
            {"xp.cfg": configuration, "model": published_names(network.state_dict(), norm)}, path
        )
        paths.append(path)
    return paths[0], paths[1], generator, detector


def write_compact(folder: Path, **changes: Any) -> Path:
    torch.manual_seed(4)
    networks = dict(zip(("generator", "detector"), build(SMALL, DECODER, 16), strict=True))
    files = {}
    for role, network in networks.items():
        path = folder / f"{role}.safetensors"
        save_file({k: v.half() for k, v in network.state_dict().items()}, path)
        files[role] = {"file": path.name, "sha256": sha256_of(path)}
    card = {"format": 1, "nbits": 16, "seanet": SMALL, "decoder": DECODER, "files": files}
    (folder / "card.json").write_text(json.dumps({**card, **changes}))
    return folder / "card.json"


class Creates:
    """Unpickled carelessly, this creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("norm", [OLD_NORM, NEW_NORM], ids=["weight_g", "parametrized"])
def test_official_checkpoints_load_with_their_weights(
    tmp_path: Path, norm: tuple[str, str]
) -> None:
    generator_path, detector_path, generator, detector = write_official(tmp_path, OFFICIAL, norm)

    networks = load_official(generator_path, detector_path)

    for made, loaded in ((generator, networks.generator), (detector, networks.detector)):
        found = loaded.state_dict()
        for name, tensor in made.state_dict().items():
            assert torch.allclose(tensor, found[name], atol=1e-6), name
    assert not networks.detector.training
    assert networks.card["lstm"] == 2
    assert len(networks.weights_sha256) == 64


def test_an_official_best_state_is_found_where_audiocraft_keeps_it(tmp_path: Path) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    for path in (generator_path, detector_path):
        whole = torch.load(path, weights_only=False)
        torch.save({"xp.cfg": whole["xp.cfg"], "best_state": {"model": whole["model"]}}, path)

    networks = load_official(generator_path, detector_path)

    assert networks.card["nbits"] == 16


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "made-by-the-pickle"
    path = tmp_path / "evil.pth"
    torch.save({"xp.cfg": {"seanet": SMALL}, "model": {"weight": Creates(trap)}}, path)

    with pytest.raises(CheckpointRefused) as refused:
        load_official(path, path)

    assert refused.value.reason is Reason.NOT_DATA_ALONE
    assert refused.value.path == path
    assert not trap.exists()


def test_a_truncated_official_file_is_refused(tmp_path: Path) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    whole = generator_path.read_bytes()

    for kept in (0, 10, len(whole) // 2, len(whole) - 1):
        generator_path.write_bytes(whole[:kept])
        with pytest.raises(CheckpointRefused) as refused:
            load_official(generator_path, detector_path)
        assert refused.value.reason in (Reason.TRUNCATED, Reason.NOT_DATA_ALONE)


def test_official_files_of_another_shape_are_refused_by_the_first_tensor_that_differs(
    tmp_path: Path,
) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    whole = torch.load(generator_path, weights_only=False)
    name = "msg_processor.msg_processor.weight"
    whole["model"][name] = torch.zeros(3, 3)
    torch.save(whole, generator_path)

    with pytest.raises(CheckpointRefused, match="msg_processor") as refused:
        load_official(generator_path, detector_path)

    assert refused.value.reason is Reason.WRONG_SHAPE


@pytest.mark.parametrize(
    "content", [{}, [1, 2], {"model": {"w": 3}}, {"model": {"w": torch.zeros(1)}}]
)
def test_data_that_is_no_audioseal_checkpoint_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)

    with pytest.raises(CheckpointRefused) as refused:
        load_official(path, path)

    assert refused.value.reason is Reason.WRONG_SHAPE


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    whole = torch.load(generator_path, weights_only=False)
    whole["model"]["msg_processor.msg_processor.weight"][0, 0] = float("nan")
    torch.save(whole, generator_path)

    with pytest.raises(CheckpointRefused, match="not finite"):
        load_official(generator_path, detector_path)


def test_a_missing_file_and_a_file_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CheckpointRefused) as missing:
        load_official(tmp_path / "none.pth", tmp_path / "none.pth")
    (tmp_path / "large.pth").write_bytes(b"x" * 101)
    monkeypatch.setattr("watermark.presence.checkpoints.LARGEST_BYTES", 100)
    with pytest.raises(CheckpointRefused) as large:
        load_official(tmp_path / "large.pth", tmp_path / "large.pth")

    assert missing.value.reason is Reason.MISSING
    assert large.value.reason is Reason.TOO_LARGE


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
