"""A scan on Ray: the results of a scan here, whatever dies, and nothing open to others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from tests.watermark import ray_faults
from tests.watermark.conftest import KEY, REGISTERED, plucked_music
from watermark import __main__ as command_line
from watermark.audio.files import AudioFile, AudioLimits
from watermark.marker import Marker
from watermark.scanning import ray_cluster
from watermark.scanning.journal import Journal, line_of
from watermark.scanning.loading import Sought
from watermark.scanning.on_ray import TRIES, scan_on_ray
from watermark.scanning.ray_cluster import ClusterUnusable, RayMissing, cluster, require_private
from watermark.scanning.ray_worker import Detector, Judge, Task, Terms, judged
from watermark.scanning.refusals import AudioOutOfReach, WorkerLost
from watermark.scanning.scan import SCAN_LIMITS, Scanned, ScanOptions, scan
from watermark.service.settings import WatermarkSettings
from watermark.service.workbench import Workbench

RATE_HZ = 16_000
OWNER = REGISTERED[7]
SOUGHT = Sought((KEY,), (np.array([one.value for one in REGISTERED], np.uint64),))
TERMS = Terms("a scan", SOUGHT.keys, ScanOptions(), SCAN_LIMITS, Detector.installed())

with_ray = pytest.mark.skipif(
    ray_cluster.find_spec("ray") is None, reason="Ray, the extra `ray`, is not installed"
)


@pytest.fixture
def folder(tmp_path: Path, marker: Marker) -> Path:
    """Five short recordings, one of them marked, and a page that is no audio."""
    for number in range(4):
        sound = plucked_music(8, rate_hz=RATE_HZ, seed=number)
        soundfile.write(tmp_path / f"plain-{number}.wav", sound, RATE_HZ)
    marker.embed(
        AudioFile(tmp_path / "plain-0.wav", AudioLimits()), OWNER, tmp_path / "marked.flac"
    )
    (tmp_path / "page.mp3").write_text("<html>")
    return tmp_path


@pytest.fixture(scope="module")
def machines() -> Iterator[Any]:
    """A cluster of two machines with a CPU each; both are this one."""
    # A short path: sockets lie under it.
    with (
        pytest.MonkeyPatch.context() as patch,
        TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as sessions,
    ):
        patch.setenv("RAY_TMPDIR", sessions)
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # on loopback alone
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", "7" * 64)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Not before: what Ray reads when it is imported holds for the process.
        reason = "Ray, the extra `ray`, is not installed"
        cluster_utils = pytest.importorskip("ray.cluster_utils", reason=reason)
        head = {"num_cpus": 1, "include_dashboard": False}
        pair = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
        try:
            pair.add_node(num_cpus=1, env_vars=ray_faults.SECOND_MACHINE)
            pair.wait_for_nodes()
            yield pair
        finally:
            pair.shutdown()


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".wav", ".flac", ".mp3"))


def _line(result: Scanned) -> tuple[str, dict[str, Any]]:
    return result.path.name, line_of(replace(result, took_seconds=0.0))


def _here(paths: list[Path]) -> dict[str, dict[str, Any]]:
    return dict(map(_line, scan(paths, SOUGHT.reader(), ScanOptions(), workers=1)))


def _shared(paths: list[Path], machines: Any, judge: Judge) -> dict[str, dict[str, Any]]:
    found = list(scan_on_ray(paths, SOUGHT, ScanOptions(), address=machines.address, judge=judge))
    assert len({result.path for result in found}) == len(found) == len(paths)
    return dict(map(_line, found))


def test_a_file_that_kills_its_worker_is_tried_again_and_then_told(
    machines: Any, folder: Path
) -> None:
    (folder / "deadly.wav").write_bytes((folder / "plain-1.wav").read_bytes())

    found = _shared(_paths(folder), machines, ray_faults.deadly)

    lost = found.pop("deadly.wav")
    assert (lost["outcome"], lost["refusal"]["code"]) == ("refused", "worker-lost")
    assert found == _here([path for path in _paths(folder) if path.name != "deadly.wav"])
    begun = [name for _, name in ray_faults.begun(folder)]
    assert begun.count("deadly.wav") == TRIES
    assert {one for one, _ in ray_faults.begun(folder)} == {"first", "second"}


def test_a_file_that_one_machine_does_not_see_is_read_by_the_one_that_asks(
    machines: Any, folder: Path
) -> None:
    (folder / "far.wav").write_bytes((folder / "plain-1.wav").read_bytes())

    found = _shared(_paths(folder), machines, ray_faults.blind)

    far = found.pop("far.wav")
    assert far["refusal"]["code"] == "audio-out-of-reach"
    assert "storage that all machines share" in far["refusal"]["detail"]
    assert found == _here([path for path in _paths(folder) if path.name != "far.wav"])
    assert ray_faults.begun(folder)[-1][0] == "first"


def test_a_machine_dies_in_the_middle_and_every_file_is_judged_once(
    machines: Any, folder: Path
) -> None:
    """The last test of this cluster: one machine is left."""
    found = _shared(_paths(folder), machines, ray_faults.dying)

    assert found == _here(_paths(folder))
    assert found["marked.flac"]["identities"][0]["generation_id"] == str(OWNER)
    begun = ray_faults.begun(folder)
    (in_hand,) = [name for one, name in begun if one == "second"][1:]
    assert [one for one, name in begun if name == in_hand] == ["second", "first"]


@with_ray
def test_what_was_begun_here_goes_on_with_ray_to_the_same_journal(
    tmp_path: Path, folder: Path
) -> None:
    workbench = Workbench(WatermarkSettings(state=tmp_path / "state"))
    workbench.marker.presence = None
    workbench.embed(AudioFile(folder / "plain-2.wav", AudioLimits()), OWNER, folder / "marked.flac")
    workbench.close()
    given = ["--state", str(tmp_path / "state"), "--json"]
    both, here = tmp_path / "both.ndjson", tmp_path / "here.ndjson"
    to_both = [*given, "--out", str(both)]

    def scanned(*arguments: str) -> int:
        return CliRunner().invoke(command_line.app, ["scan", *arguments]).exit_code

    alone = scanned(str(folder), *given, "--out", str(here))
    begun = scanned(str(folder / "marked.flac"), *to_both)
    command = [sys.executable, "-m", "watermark", "scan", str(folder), *to_both]
    gone_on = subprocess.run(
        [*command, "--on", "ray", "--workers", "2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert (alone, begun, gone_on.returncode) == (5, 0, 5), gone_on.stderr
    assert "5 files to search for 1 ids; 1 done before" in gone_on.stderr
    assert len(gone_on.stdout.splitlines()) == 5
    assert _lines(both) == _lines(here)


def _lines(journal: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) | {"took_seconds": 0} for line in journal.read_text().splitlines()]
    return sorted(lines, key=lambda line: line["path"])


@with_ray
def test_a_cluster_of_our_own_listens_to_this_machine_alone() -> None:
    program = (
        "import os, subprocess, ray\n"
        "from watermark.scanning.ray_cluster import cluster\n"
        "with cluster(None, 1, 0):\n"
        "    print(os.environ['RAY_AUTH_MODE'], ray.nodes()[0]['NodeManagerAddress'])\n"
        "    print(ray._private.worker.global_worker.node.address_info['gcs_address'])\n"
        "    print(ray._private.worker.global_worker.node.get_temp_dir_path())\n"
        "with cluster(None, 1, 0):\n"
        "    pass  # a second one in the same process\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300
    )

    (mode, node), (gcs,), (folder,) = map(str.split, done.stdout.splitlines())
    assert (mode, node, gcs.rpartition(":")[0]) == ("token", "127.0.0.1", "127.0.0.1")
    assert not Path(folder).exists()


def test_a_worker_reads_the_very_file_that_was_meant(folder: Path) -> None:
    meant = Task.of(folder / "marked.flac")

    found = judged(meant, TERMS, SOUGHT.values)
    other = judged(replace(meant, bytes_and_modified_ns=(1, 1)), TERMS, SOUGHT.values)
    gone = judged(Task.of(folder / "gone.wav"), TERMS, SOUGHT.values)

    assert [one.generation_id for one in found.identities] == [OWNER]
    assert isinstance(other.refusal, AudioOutOfReach)
    assert "another file is at this path" in str(other.refusal)
    assert "No such file" in str(gone.refusal)


def test_another_detector_is_not_trusted_with_a_file(folder: Path) -> None:
    other = replace(TERMS, scan="another", detector=replace(TERMS.detector, version="1"))

    with pytest.raises(ClusterUnusable, match="the same release on all machines"):
        judged(Task.of(folder / "marked.flac"), other, SOUGHT.values)


def test_what_a_machine_failed_is_not_done(tmp_path: Path) -> None:
    names = ("far.wav", "lost.wav")
    for name in names:
        (tmp_path / name).touch()
    far, lost = (tmp_path / name for name in names)
    out = tmp_path / "scan.ndjson"
    with Journal(out, ScanOptions(), ["k1"], 300) as journal:
        journal.add(Scanned(far, refusal=AudioOutOfReach("not seen")))
        journal.add(Scanned(lost, refusal=WorkerLost("died")))

    journal = Journal(out, ScanOptions(), ["k1"], 300)

    assert not journal.is_done(far)
    assert journal.is_done(lost)
    assert not journal.is_done(lost, for_all_ids=True)


def test_without_ray_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: None)
    Workbench(WatermarkSettings(state=tmp_path / "state")).close()
    given = ["scan", str(tmp_path), "--state", str(tmp_path / "state"), "--on", "ray"]

    done = CliRunner().invoke(command_line.app, given)

    assert isinstance(done.exception, RayMissing)
    assert 'pip install "antiphon[ray]"' in str(done.exception)


def test_an_address_alone_is_wrong_usage(tmp_path: Path) -> None:
    given = ["scan", str(tmp_path), "--ray-address", "127.0.0.1:6379"]

    done = CliRunner().invoke(command_line.app, given, env={"COLUMNS": "200"})

    assert done.exit_code == 2
    assert "--ray-address is for --on ray" in done.output


def test_keys_are_not_sent_to_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    require_private("10.0.0.7:6379")
    require_private("auto")

    with pytest.raises(ClusterUnusable, match="public address"):
        require_private("8.8.8.8:6379")
    with pytest.raises(ClusterUnusable, match="give host:port"):
        require_private("somewhere")
    monkeypatch.setenv("RAY_USE_TLS", "1")
    require_private("8.8.8.8:6379")


@with_ray
def test_a_cluster_that_is_not_there_is_said_so() -> None:
    with pytest.raises(ClusterUnusable, match="ray start"), cluster("127.0.0.1:9", 1, 0):
        pass
