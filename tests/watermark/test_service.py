"""The service and its client together, in one process; and the client against broken services."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from tests.watermark.conftest import plucked_music
from watermark.audio.errors import (
    AudioEmpty,
    AudioMislabelled,
    AudioRefused,
    AudioSilent,
    AudioTooLarge,
    AudioTooShort,
    AudioUnreadable,
)
from watermark.audio.waveform import AudioLimits
from watermark.client import (
    IdTaken,
    JobLost,
    RequestRefused,
    ServiceAway,
    ServiceBusy,
    ServiceFaulty,
    ServiceSlow,
    WatermarkClient,
    WatermarkFailure,
)
from watermark.detection import Marked, Unmarked
from watermark.payload import GenerationId
from watermark.service.routes import create_app
from watermark.service.settings import WatermarkSettings
from watermark.service.workbench import Workbench


def _wav(sound: np.ndarray, rate_hz: int = 22_050) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, sound, rate_hz, format="WAV", subtype="PCM_16")
    return held.getvalue()


MUSIC = _wav(plucked_music(12, channels=2, seed=21))
ID = GenerationId(0xFEED)


@pytest.fixture
def settings(tmp_path: Path) -> WatermarkSettings:
    limits = AudioLimits(bytes_max=3_000_000, seconds_max=60)
    return WatermarkSettings(state=tmp_path / "state", limits=limits, decoys=50)


@pytest.fixture
def http(settings: WatermarkSettings) -> Iterator[TestClient]:
    workbench = Workbench(settings)
    workbench.marker.presence = None  # the second layer has tests of its own
    with TestClient(create_app(workbench, warm=False)) as client:
        yield client


@pytest.fixture
def client(http: TestClient) -> WatermarkClient:
    return WatermarkClient("http://testserver", http=http)


def test_what_is_embedded_is_detected(client: WatermarkClient) -> None:
    told: list[float] = []

    marked = client.embed(MUSIC, ID, told.append, name="song.wav")
    detection = client.detect(marked.audio_bytes, name="found.flac")

    assert told[-1] == 1.0
    assert marked.snr_db >= 24
    assert (marked.duration_ms, marked.sample_rate_hz, marked.channels) == (12_000, 22_050, 2)
    assert isinstance(detection, Marked)
    assert detection.identities[0].generation_id == ID
    assert detection.audio.pcm_sha256 == marked.pcm_sha256
    assert isinstance(client.detect(MUSIC, thorough=False), Unmarked)


def test_a_file_may_be_given_by_path(client: WatermarkClient, tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(MUSIC)

    assert isinstance(client.detect(path, thorough=False), Unmarked)
    assert client.examine(path) == client.detect(str(path), thorough=False).audio


def test_the_id_is_registered_before_the_copy_can_be_fetched(
    client: WatermarkClient, settings: WatermarkSettings
) -> None:
    client.embed(MUSIC, ID)

    another_process = Workbench(settings)

    assert ID in another_process.marker.search


def test_embedding_again_is_harmless_and_other_audio_is_refused(client: WatermarkClient) -> None:
    first = client.embed(MUSIC, ID)

    assert client.embed(MUSIC, ID).pcm_sha256 == first.pcm_sha256
    with pytest.raises(IdTaken, match="draw a fresh id"):
        client.embed(_wav(plucked_music(12, seed=5)), ID)


def test_health_counts_ids_and_names_the_key(client: WatermarkClient) -> None:
    before = client.health()

    client.embed(MUSIC, ID)

    after = client.health()
    assert after.registered_ids == before.registered_ids + 1 == 51
    assert len(after.key_id) == 16
    assert after.presence_weights_sha256 is None


BAD_AUDIO: dict[str, tuple[bytes, str, type[AudioRefused]]] = {
    "empty": (b"", "a.wav", AudioEmpty),
    "no audio": (b"<html>404</html>", "a.wav", AudioUnreadable),
    "mislabelled": (MUSIC, "a.mp3", AudioMislabelled),
    "silent": (_wav(np.zeros((88_200, 1), np.float32)), "a.wav", AudioSilent),
    "a second": (_wav(plucked_music(1)), "a.wav", AudioTooShort),
    "too many bytes": (bytes(3_000_001), "a.wav", AudioTooLarge),
    "too long": (_wav(plucked_music(1).repeat(62, axis=0)), "a.wav", AudioTooLarge),
}


@pytest.mark.parametrize("kind", BAD_AUDIO)
@pytest.mark.parametrize("work", ["embed", "detect", "examine"])
def test_bad_audio_is_refused_by_kind_and_leaves_nothing(
    kind: str, work: str, client: WatermarkClient, settings: WatermarkSettings
) -> None:
    body, name, refusal = BAD_AUDIO[kind]

    with pytest.raises(refusal):
        if work == "embed":
            client.embed(body, ID, name=name)
        else:
            getattr(client, work)(body, name=name)

    assert list(settings.spool.iterdir()) == []
    assert client.health().registered_ids == 50


def test_four_seconds_can_be_searched_but_not_marked(client: WatermarkClient) -> None:
    four_seconds = _wav(plucked_music(4))

    assert isinstance(client.detect(four_seconds, thorough=False), Unmarked)
    with pytest.raises(AudioTooShort):
        client.embed(four_seconds, ID)


def test_uploads_are_gone_when_their_job_is_done(
    client: WatermarkClient, settings: WatermarkSettings
) -> None:
    client.detect(MUSIC, thorough=False)

    assert list(settings.spool.iterdir()) == []


@pytest.mark.parametrize(
    ("method", "route", "status", "code"),
    [
        ("POST", "/v1/embed?generation_id=7", 422, "generation-id-invalid"),
        ("POST", "/v1/embed", 422, "request-invalid"),
        ("POST", "/v1/detect?speeds=fast", 422, "speeds-invalid"),
        ("POST", "/v1/detect?speeds=2.0", 422, "speeds-invalid"),
        ("POST", "/v1/detect?name=" + "a" * 300, 422, "request-invalid"),
        ("GET", "/v1/jobs/none", 404, "job-unknown"),
        ("GET", "/v1/jobs/none/audio", 404, "job-unknown"),
        ("GET", "/v1/nothing", 404, "http"),
        ("POST", "/v1/detect", 422, "audio-empty"),
    ],
)
def test_every_refusal_is_a_problem_document(
    http: TestClient, method: str, route: str, status: int, code: str
) -> None:
    answer = http.request(method, route)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["code"] == code
    assert document["status"] == status
    assert document["type"] == f"urn:antiphon:problem:{code}"
    assert document["detail"]


def test_a_declared_length_over_the_limit_is_refused_unread(http: TestClient) -> None:
    answer = http.post("/v1/detect", content=b"RIFF", headers={"content-length": "9999999999"})

    assert (answer.status_code, answer.json()["code"]) == (413, "audio-too-large")


def test_leftovers_of_a_killed_process_are_cleared(settings: WatermarkSettings) -> None:
    settings.spool.mkdir(parents=True)
    (settings.spool / "half.upload").write_bytes(b"RIFF")

    workbench = Workbench(settings)
    assert len(list(settings.spool.iterdir())) == 1, "only the process that serves may clear it"
    with TestClient(create_app(workbench, warm=False)):
        pass

    assert list(settings.spool.iterdir()) == []


def _against(answer: Callable[[httpx.Request], httpx.Response], **how: float) -> WatermarkClient:
    http = httpx.Client(base_url="http://away", transport=httpx.MockTransport(answer))
    return WatermarkClient("http://away", http=http, **how)


def _refuse_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def _problem(status: int, code: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, json={"code": code, "status": status})


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (_refuse_connection, ServiceAway),
        (_problem(503, "busy"), ServiceBusy),
        (_problem(404, "job-unknown"), JobLost),
        (_problem(409, "generation-id-taken"), IdTaken),
        (_problem(422, "speeds-invalid"), RequestRefused),
        (_problem(500, "internal"), ServiceFaulty),
        (lambda request: httpx.Response(502, text="<html>bad gateway</html>"), ServiceFaulty),
        (lambda request: httpx.Response(200, json=["not", "a", "job"]), ServiceFaulty),
        (lambda request: httpx.Response(202, json={"job_id": "1", "state": "odd"}), ServiceFaulty),
        (
            lambda request: httpx.Response(
                202, json={"job_id": "1", "state": "done", "result": {"outcome": "marked"}}
            ),
            ServiceFaulty,
        ),
        (
            lambda request: httpx.Response(
                202, json={"job_id": "1", "state": "failed", "problem": None}
            ),
            ServiceFaulty,
        ),
    ],
)
def test_a_service_that_fails_raises_its_own_kind(
    answer: Callable[[httpx.Request], httpx.Response], failure: type[WatermarkFailure]
) -> None:
    with pytest.raises(failure):
        _against(answer).detect(MUSIC)


def test_a_job_that_never_ends_is_given_up() -> None:
    def waiting(request: httpx.Request) -> httpx.Response:
        return httpx.Response(202, json={"job_id": "1", "state": "running", "progress": 0.5})

    with pytest.raises(ServiceSlow):
        _against(waiting, job_timeout_seconds=0.0).detect(MUSIC)


def test_health_of_something_else_is_refused() -> None:
    with pytest.raises(ServiceFaulty, match="not a watermark process"):
        _against(lambda request: httpx.Response(200, json={"status": "ok"})).health()
