"""Audio searched while it is sent, over a real socket; and several files in one request."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import uvicorn
from fastapi.testclient import TestClient

from tests.watermark.conftest import plucked_music
from watermark.audio.waveform import AudioLimits
from watermark.client import WatermarkClient
from watermark.payload import GenerationId
from watermark.service.routes import create_app
from watermark.service.settings import WatermarkSettings
from watermark.service.workbench import Workbench

RATE_HZ = 16_000
ID = GenerationId(0xFEED)
SECONDS = 56


def _encoded(sound: np.ndarray, container: str = "WAV", subtype: str = "PCM_16") -> bytes:
    held = io.BytesIO()
    soundfile.write(held, sound, RATE_HZ, format=container, subtype=subtype)
    return held.getvalue()


UNMARKED = _encoded(plucked_music(3, rate_hz=RATE_HZ, seed=21))


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    state = tmp_path_factory.mktemp("state")
    limits = AudioLimits(bytes_max=8_000_000, seconds_max=120)
    made = Workbench(WatermarkSettings(state=state, limits=limits, decoys=20))
    made.marker.presence = None
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(workbench: Workbench) -> Iterator[tuple[str, int]]:
    """A real server: in-process clients send the whole body before they read."""
    config = uvicorn.Config(create_app(workbench, warm=False), port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def marked(workbench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One marked recording in several containers."""
    folder = tmp_path_factory.mktemp("marked")
    host = np.concatenate([plucked_music(28, rate_hz=RATE_HZ, seed=s) for s in (5, 6)])
    soundfile.write(folder / "a.wav", host, RATE_HZ)
    workbench.embed(workbench.open(folder / "a.wav"), ID, folder / "b.flac")
    sound = soundfile.read(folder / "b.flac", dtype="float32", always_2d=True)[0]
    return {
        "a.wav": _encoded(sound),
        "a.flac": _encoded(sound, "FLAC"),
        "a.ogg": _encoded(sound, "OGG", "VORBIS"),
        "a.mp3": _encoded(sound, "MP3", "MPEG_LAYER_III"),
    }


class _Stream:
    """One request over a socket of its own: pieces out, lines in, in any order."""

    def __init__(self, address: tuple[str, int], query: str = "?thorough=false") -> None:
        self._socket = socket.create_connection(address, timeout=60)
        head = f"POST /v1/detect/stream{query} HTTP/1.1\r\nHost: x\r\n"
        self._socket.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        self._answer = self._socket.makefile("rb")

    def send(self, piece: bytes) -> None:
        self._socket.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def end(self) -> None:
        self._socket.sendall(b"0\r\n\r\n")

    def status(self) -> int:
        status = int(self._answer.readline().split()[1])
        while self._answer.readline().strip():
            pass
        return status

    def line(self) -> dict:
        while not self._answer.readline().strip():  # the size of the chunk
            pass
        line = self._answer.readline()
        return json.loads(line)

    def close(self) -> None:
        self._answer.close()
        self._socket.close()


@pytest.fixture
def stream(address: tuple[str, int]) -> Iterator[Callable[..., _Stream]]:
    opened: list[_Stream] = []

    def begin(query: str = "") -> _Stream:
        opened.append(_Stream(address, f"?thorough=false{query}"))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_an_id_is_named_before_the_last_byte_is_sent(
    stream: Callable[..., _Stream], marked: dict[str, bytes], name: str, workbench: Workbench
) -> None:
    body = marked[name]
    request = stream(f"&name={name}")

    for at in range(0, len(body) - 5000, 40_000):
        request.send(body[at : min(at + 40_000, len(body) - 5000)])
    if name != "a.ogg":  # 56 s of it are less than is waited for before a look
        assert request.status() == 200
        first = request.line()
        assert first["kind"] == "heard"
        assert first["to_seconds"] >= 16.0
        assert [one["generation_id"] for one in first["identities"]] == [str(ID)]
    request.send(body[-5000:])
    request.end()

    line = request.line() if name != "a.ogg" else (request.status(), request.line())[1]
    while line["kind"] == "heard":
        line = request.line()
    assert line["kind"] == "verdict"
    assert line["result"]["outcome"] == "marked"
    assert line["result"]["identities"][0]["generation_id"] == str(ID)
    assert line["result"]["audio"]["duration_ms"] == pytest.approx(SECONDS * 1000, abs=100)
    assert list(workbench.settings.spool.glob("*.upload")) == []


def test_the_last_line_of_a_file_that_was_cut_off_is_a_problem(
    stream: Callable[..., _Stream], marked: dict[str, bytes], workbench: Workbench
) -> None:
    request = stream()
    request.send(marked["a.flac"][: len(marked["a.flac"]) // 2])
    request.end()

    assert request.status() == 200
    line = request.line()
    while line["kind"] == "heard":
        line = request.line()
    assert line["kind"] == "problem"
    assert line["problem"]["code"] == "audio-unreadable"
    assert list(workbench.settings.spool.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"<html>nothing here</html>", 422, "audio-unreadable"), (b"", 422, "audio-empty")],
)
def test_what_is_no_audio_is_refused_at_once(
    stream: Callable[..., _Stream], body: bytes, status: int, code: str
) -> None:
    request = stream()
    if body:
        request.send(body)
    request.end()

    assert request.status() == status


def test_a_stream_over_the_limit_ends_with_a_problem(
    stream: Callable[..., _Stream], workbench: Workbench
) -> None:
    request = stream()
    request.send(UNMARKED[:44] + bytes(4_000_000))
    request.send(bytes(4_000_000))
    request.end()

    assert request.status() == 200
    line = request.line()
    while line["kind"] == "heard":
        line = request.line()
    assert line["problem"]["code"] == "audio-too-large"
    assert list(workbench.settings.spool.iterdir()) == []


def test_a_sender_who_goes_away_leaves_nothing(
    stream: Callable[..., _Stream], marked: dict[str, bytes], workbench: Workbench
) -> None:
    request = stream()
    request.send(marked["a.wav"][:600_000])
    assert request.status() == 200
    request.close()

    for _ in range(200):
        if not list(workbench.settings.spool.iterdir()):
            break
        time.sleep(0.05)
    assert list(workbench.settings.spool.iterdir()) == []


@pytest.fixture(scope="module")
def http(workbench: Workbench) -> TestClient:
    return TestClient(create_app(workbench, warm=False))


def _batch(http: TestClient, files: list[tuple[str, bytes]], expected: int = 202) -> dict:
    answer = http.post("/v1/detect/batch?thorough=false", files=[("file", one) for one in files])
    assert answer.status_code == expected, answer.text
    job = answer.json()
    while job.get("state") in ("queued", "running"):
        job = http.get(f"/v1/jobs/{job['job_id']}").json()
    return job


def test_each_file_of_a_batch_has_its_own_answer(
    http: TestClient, marked: dict[str, bytes], workbench: Workbench
) -> None:
    files = [
        ("marked.flac", marked["a.flac"]),
        ("cut.flac", marked["a.flac"][:50_000]),
        ("unmarked.wav", UNMARKED),
        ("named.mp3", UNMARKED),
        ("empty.wav", b""),
    ]

    result = _batch(http, files)["result"]["files"]

    assert [one["name"] for one in result] == [name for name, _ in files]
    assert result[0]["detection"]["outcome"] == "marked"
    assert result[2]["detection"]["outcome"] == "unmarked"
    codes = [one["problem"]["code"] for one in result if "problem" in one]
    assert codes == ["audio-unreadable", "audio-mislabelled", "audio-empty"]
    assert list(workbench.settings.spool.iterdir()) == []


def test_a_client_sends_a_batch(http: TestClient, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.wav", tmp_path / "bad.wav"
    good.write_bytes(UNMARKED)
    bad.write_bytes(b"RIFF")

    answers = WatermarkClient("http://testserver", http=http).detect_batch(
        [good, bad], thorough=False
    )

    assert answers[0].detection is not None
    assert answers[0].refusal is None
    assert answers[1].detection is None
    assert str(answers[1].refusal).startswith("the bytes are not audio")


def test_a_batch_of_nothing_or_too_much_is_refused(http: TestClient, workbench: Workbench) -> None:
    assert http.post("/v1/detect/batch").json()["code"] == "batch-empty"
    assert _batch(http, [("a.wav", bytes(9_000_000))], 413)["code"] == "audio-too-large"
    assert _batch(http, [("a.wav", UNMARKED)] * 65, 400)["code"] == "http"
    answer = http.post("/v1/detect/batch", data={"field": "no file"})
    assert answer.status_code in (400, 422)
    assert list(workbench.settings.spool.iterdir()) == []
