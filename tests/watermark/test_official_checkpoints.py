"""Official files: they load with their weights, and none runs anything or half-loads."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.watermark.checkpoint_files import NEW_NORM, OFFICIAL, SMALL, altered, write_official
from watermark.presence import archive, conversion
from watermark.presence.checkpoints import (
    CheckpointRefused,
    Reason,
    load_card,
    load_official,
    networks_sha256,
    read_card,
    sha256_of,
)
from watermark.presence.conversion import convert, converted


class Creates:
    """Unpickled carelessly, this creates a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


class Unpickles:
    """Unpickled carelessly, this unpickles what it carries."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return pickle.loads, (self.content,)


def refusal_of(generator_path: Path, detector_path: Path, folder: Path) -> CheckpointRefused:
    """Why the pair is refused; asserts that nothing was written."""
    with pytest.raises(CheckpointRefused) as refused:
        convert(generator_path, detector_path, folder / "out")
    assert not (folder / "out" / "card.json").exists()
    return refused.value


@pytest.mark.parametrize(
    "seanet", [OFFICIAL, {**SMALL, "norm": "weight_norm"}], ids=["full", "small"]
)
def test_official_checkpoints_load_with_their_weights(
    tmp_path: Path, seanet: dict[str, Any]
) -> None:
    generator_path, detector_path, generator, detector = write_official(tmp_path, seanet)

    networks = load_official(generator_path, detector_path)

    for made, loaded in ((generator, networks.generator), (detector, networks.detector)):
        found = loaded.state_dict()
        for name, tensor in made.state_dict().items():
            assert torch.allclose(tensor, found[name], atol=1e-6), name
    assert not networks.detector.training
    assert networks.card["lstm"] == seanet["lstm"]
    pair = networks_sha256(sha256_of(generator_path), sha256_of(detector_path))
    assert networks.weights_sha256 == pair


def test_the_newer_form_of_weight_normalisation_loads(tmp_path: Path) -> None:
    generator_path, detector_path, generator, _ = write_official(tmp_path, SMALL, NEW_NORM)

    networks = load_card(convert(generator_path, detector_path, tmp_path / "out"))

    for name, tensor in generator.state_dict().items():
        assert torch.allclose(tensor, networks.generator.state_dict()[name], atol=1e-6), name


def test_an_official_best_state_is_found_where_audiocraft_keeps_it(tmp_path: Path) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    for path in (generator_path, detector_path):
        altered(path, lambda whole: whole.update(best_state={"model": whole.pop("model")}))

    card = read_card(convert(generator_path, detector_path, tmp_path / "out"))

    assert card["nbits"] == 16
    assert card["files"]["generator"]["source_sha256"] == sha256_of(generator_path)


@pytest.mark.parametrize(("prefix", "causal"), [("", False), ("streaming-", True)])
def test_a_file_that_does_not_describe_itself_is_read_as_published(
    tmp_path: Path, prefix: str, causal: bool
) -> None:
    paths = []
    for path in write_official(tmp_path, OFFICIAL)[:2]:
        altered(path, lambda whole: whole.pop("xp.cfg"))
        paths.append(path.rename(tmp_path / f"{prefix}{path.name}"))

    card = read_card(convert(*paths, tmp_path / "out"))

    assert card["seanet"]["n_filters"] == 32
    assert card["seanet"]["causal"] is causal


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "made-by-the-pickle"
    path = tmp_path / "evil.pth"
    torch.save({"xp.cfg": {"seanet": SMALL}, "model": {"weight": Creates(trap)}}, path)

    with pytest.raises(CheckpointRefused) as refused:
        load_official(path, path)

    assert refused.value.reason is Reason.NOT_DATA_ALONE
    assert refused.value.path == path
    assert "Nothing in it was run" in str(refused.value)
    assert not trap.exists()


def test_a_pickle_within_a_pickle_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "made-by-the-pickle"
    path = tmp_path / "evil.pth"
    torch.save({"model": {"weight": Unpickles(pickle.dumps(Creates(trap)))}}, path)

    assert refusal_of(path, path, tmp_path).reason is Reason.NOT_DATA_ALONE
    assert not trap.exists()


def test_a_bare_pickle_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "made-by-the-pickle"
    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(Creates(trap)))

    assert refusal_of(path, path, tmp_path).reason is Reason.NOT_DATA_ALONE
    assert not trap.exists()


def test_an_archive_that_unpacks_to_more_than_it_shows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb/data.pkl", bytes(3_000_000))

    assert refusal_of(path, path, tmp_path).reason is Reason.TOO_LARGE


def test_a_tensor_that_is_huge_on_paper_alone_is_refused_before_it_is_touched(
    tmp_path: Path,
) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    name = "decoder.model.0.conv.conv.weight_v"
    huge = torch.zeros(1).expand(10**6, 10**6)  # four bytes, and four terabytes when computed with
    altered(generator_path, lambda whole: whole["model"].update({name: huge}))

    refused = refusal_of(generator_path, detector_path, tmp_path)

    assert refused.reason is Reason.WRONG_SHAPE
    assert "1000000" in refused.detail


def test_a_configuration_that_unfolds_without_end_costs_a_process_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested: list[Any] = ["x"]
    for _ in range(40):
        nested = [nested, nested]
    path = tmp_path / "bomb.pth"
    torch.save(
        {"xp.cfg": {"seanet": {"norm_params": nested}}, "model": {"w": torch.zeros(1)}}, path
    )
    monkeypatch.setattr(conversion, "_WALL_SECONDS", 15.0)

    with pytest.raises(CheckpointRefused) as refused:
        converted(path, path, tmp_path / "out")

    assert refused.value.reason is Reason.TOO_LARGE


def test_a_truncated_official_file_is_refused(tmp_path: Path) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    whole = generator_path.read_bytes()

    for kept in (0, 10, len(whole) // 2, len(whole) - 1):
        generator_path.write_bytes(whole[:kept])
        assert refusal_of(generator_path, detector_path, tmp_path).reason is Reason.TRUNCATED


def test_a_changed_byte_in_the_weights_is_refused(tmp_path: Path) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    content = generator_path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        largest = max(file.infolist(), key=lambda member: member.file_size)
    middle = largest.header_offset + largest.file_size // 2
    generator_path.write_bytes(
        content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]
    )

    assert refusal_of(generator_path, detector_path, tmp_path).reason is Reason.TRUNCATED


def test_files_of_another_shape_are_refused_by_the_first_tensor_that_differs(
    tmp_path: Path,
) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    name = "msg_processor.msg_processor.weight"
    altered(generator_path, lambda whole: whole["model"].update({name: torch.zeros(3, 3)}))

    refused = refusal_of(generator_path, detector_path, tmp_path)

    assert refused.reason is Reason.WRONG_SHAPE
    assert "msg_processor" in refused.detail


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole["model"].update(extra=torch.zeros(1)),
        lambda whole: whole["model"].popitem(),
        lambda whole: whole["model"].update(
            {"msg_processor.msg_processor.weight": torch.zeros(32, 16, dtype=torch.int64)}
        ),
    ],
    ids=["unknown key", "missing key", "whole numbers"],
)
def test_unknown_missing_and_mistyped_tensors_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    altered(generator_path, change)

    assert refusal_of(generator_path, detector_path, tmp_path).reason is Reason.WRONG_SHAPE


@pytest.mark.parametrize(
    "change",
    [
        {"n_filters": 10**6},
        {"ratios": [8, 5, 4, 4]},
        {"ratios": "8542"},
        {"activation": "Module"},
        {"pad_mode": "circular"},
        {"kernel_size": "seven"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_configuration_of_no_audioseal_network_is_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    altered(
        generator_path,
        lambda whole: whole.update({"xp.cfg": {"seanet": {**SMALL, **change}, "nbits": 16}}),
    )

    refused = refusal_of(generator_path, detector_path, tmp_path)

    assert refused.reason is Reason.WRONG_SHAPE
    assert "configuration" in refused.detail


def test_swapped_files_are_refused_with_the_order_to_give_them_in(tmp_path: Path) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)

    refused = refusal_of(detector_path, generator_path, tmp_path)

    assert refused.reason is Reason.WRONG_SHAPE
    assert refused.path == detector_path
    assert "the detector's checkpoint where the generator's was expected" in refused.detail


def test_a_pair_that_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    altered(detector_path, lambda whole: whole["xp.cfg"].update(nbits=8))

    assert "the generator 16" in refusal_of(generator_path, detector_path, tmp_path).detail


@pytest.mark.parametrize(
    "content", [{}, [1, 2], {"model": {"w": 3}}, {"model": {"w": torch.zeros(1)}}]
)
def test_data_that_is_no_audioseal_checkpoint_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)

    assert refusal_of(path, path, tmp_path).reason is Reason.WRONG_SHAPE


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    generator_path, detector_path, _, _ = write_official(tmp_path, SMALL)
    name = "msg_processor.msg_processor.weight"
    altered(generator_path, lambda whole: whole["model"][name].fill_(value))

    assert "not finite" in refusal_of(generator_path, detector_path, tmp_path).detail


def test_a_missing_file_and_a_file_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = refusal_of(tmp_path / "none.pth", tmp_path / "none.pth", tmp_path)
    (tmp_path / "large.pth").write_bytes(b"x" * 101)
    monkeypatch.setattr(archive, "LARGEST_BYTES", 100)
    large = refusal_of(tmp_path / "large.pth", tmp_path / "large.pth", tmp_path)

    assert missing.reason is Reason.MISSING
    assert large.reason is Reason.TOO_LARGE
