"""Who gets what: tokens, rations, coarse verdicts, and numbers for Prometheus."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from fastapi.testclient import TestClient

from tests.watermark.conftest import plucked_music
from watermark.audio.waveform import AudioLimits
from watermark.client import RateLimited, RequestRefused, WatermarkClient
from watermark.detection import (
    AudioExamined,
    Detector,
    Identity,
    Marked,
    Segment,
    Unmarked,
)
from watermark.payload import GenerationId
from watermark.service.access import Ration, Tokens, TokensUnusable, add_token, is_loopback
from watermark.service.coarse import coarse_json
from watermark.service.routes import create_app
from watermark.service.settings import WatermarkSettings
from watermark.service.workbench import Workbench

AUDIO = AudioExamined("aa", "bb", 60_000, 44_100, 2)
DETECTOR = Detector("a detector", "1", None, 9.0, 1000)


def _wav(seconds: float, seed: int = 1) -> bytes:
    held = io.BytesIO()
    sound = plucked_music(seconds, rate_hz=16_000, seed=seed)
    soundfile.write(held, sound, 16_000, format="WAV", subtype="PCM_16")
    return held.getvalue()


@pytest.fixture
def settings(tmp_path: Path) -> WatermarkSettings:
    return WatermarkSettings(
        state=tmp_path / "state",
        limits=AudioLimits(bytes_max=1_000_000, seconds_max=60),
        tokens_path=tmp_path / "tokens",
        public_burst=4,
        public_same_shape_per_hour=2,
    )


@pytest.fixture
def token(settings: WatermarkSettings) -> str:
    assert settings.tokens_path is not None
    return add_token(settings.tokens_path, "oracle")


@pytest.fixture
def http(settings: WatermarkSettings, token: str) -> Iterator[TestClient]:
    workbench = Workbench(settings)
    workbench.marker.presence = None  # the second layer has tests of its own
    with TestClient(create_app(workbench, warm=False)) as client:
        yield client


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_the_file_keeps_digests_and_lets_nobody_in(settings: WatermarkSettings, token: str) -> None:
    assert settings.tokens_path is not None
    text = settings.tokens_path.read_text()

    assert token not in text
    assert text == f"{hashlib.sha256(token.encode()).hexdigest()} oracle\n"
    assert settings.tokens_path.stat().st_mode & 0o077 == 0


def test_a_token_that_is_taken_away_no_longer_opens(
    settings: WatermarkSettings, token: str
) -> None:
    assert settings.tokens_path is not None
    tokens = Tokens(settings.tokens_path)
    assert tokens.name_of(token) == "oracle"

    settings.tokens_path.write_text("\n")

    assert tokens.name_of(token) is None


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        ("secret\n", 0o600, "expected a SHA-256"),
        (f"{'a' * 64} \n", 0o600, "expected a SHA-256"),
        ("", 0o644, "chmod 600"),
    ],
)
def test_a_token_file_that_is_no_good_is_refused(
    tmp_path: Path, text: str, mode: int, why: str
) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    path.chmod(mode)

    with pytest.raises(TokensUnusable, match=why):
        Tokens(path)
    with pytest.raises(TokensUnusable, match="tokens add"):
        Tokens(tmp_path / "none")
    with pytest.raises(TokensUnusable, match="letters, digits"):
        add_token(path, "two words")


def test_the_public_gets_no_numbers_and_partners_do(http: TestClient, token: str) -> None:
    body = _wav(8)

    public = http.post("/v1/detect?thorough=false", content=body).json()
    partner = http.post("/v1/detect?thorough=false", content=body, headers=_bearer(token)).json()

    told = WatermarkClient("http://testserver", http=http)
    verdict = told._json(told._send("GET", f"/v1/jobs/{public['job_id']}"))
    while verdict["state"] != "done":
        verdict = http.get(f"/v1/jobs/{public['job_id']}").json()
    assert verdict["result"]["verdict"] == "not-found"
    assert "threshold_z" not in str(verdict)
    assert http.get(f"/v1/jobs/{partner['job_id']}").status_code == 404
    client = WatermarkClient("http://testserver", http=http, token=token)
    assert isinstance(client.detect(body, thorough=False), Unmarked)


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("POST", "/v1/embed?generation_id=0x0000000000000001"),
        ("POST", "/v1/detect/batch"),
        ("GET", "/metrics"),
    ],
)
def test_some_things_need_a_token(http: TestClient, method: str, route: str) -> None:
    answer = http.request(method, route)

    assert (answer.status_code, answer.json()["code"]) == (401, "token-required")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic b3JhY2xl", "Bearer"])
def test_a_token_nobody_was_given_is_refused_everywhere(http: TestClient, header: str) -> None:
    answer = http.post("/v1/detect", content=_wav(3), headers={"Authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "token-unknown")
    client = WatermarkClient("http://testserver", http=http, token="wrong")
    with pytest.raises(RequestRefused, match="token-unknown"):
        client.examine(_wav(3))


def test_the_public_is_rationed_and_told_when_to_come_back(http: TestClient, token: str) -> None:
    for seconds in (2.5, 3.5, 4.5, 5.5):
        assert http.post("/v1/examine", content=_wav(seconds)).status_code == 202

    refused = http.post("/v1/examine", content=_wav(6.5))

    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    partner = http.post("/v1/examine", content=_wav(6.5), headers=_bearer(token))
    assert partner.status_code == 202
    with pytest.raises(RateLimited) as caught:
        WatermarkClient("http://testserver", http=http).examine(_wav(6.5))
    assert caught.value.retry_seconds >= 1


def test_the_same_recording_again_and_again_is_refused(http: TestClient) -> None:
    for seed in (1, 2):
        assert http.post("/v1/examine", content=_wav(3, seed)).status_code == 202

    refused = http.post("/v1/examine", content=_wav(3, seed=3))

    assert refused.status_code == 429
    assert "of this length" in refused.json()["detail"]
    assert http.post("/v1/examine", content=_wav(4)).status_code == 202


def test_a_ration_fills_again_with_time() -> None:
    now = [0.0]
    ration = Ration(6.0, 2, lambda: now[0])

    assert [ration.take("a") for _ in range(3)] == [0.0, 0.0, pytest.approx(10.0)]
    assert ration.take("b") == 0.0
    now[0] = 10.0
    assert ration.take("a") == 0.0
    assert ration.take("a") == pytest.approx(10.0)


def test_only_so_many_clients_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watermark.service.access._CLIENTS_KEPT", 2)
    ration = Ration(1.0, 1, lambda: 0.0)

    for client in "abc":
        ration.take(client)

    assert len(ration._left) == 2


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - judged, not listened on
        ("a.b", False),
    ],
)
def test_who_can_reach_a_host(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected


def _identity(number: int, z: float, *segments: tuple[int, int]) -> Identity:
    placed = tuple(Segment(start, end, z) for start, end in segments)
    return Identity(GenerationId(number), z, 1e-12, placed)


def test_a_public_verdict_is_rounded() -> None:
    one = _identity(1, 11.9, (1_200, 17_900), (18_000, 31_000))
    two = _identity(2, 30.123, (0, 60_000))

    told = coarse_json(Marked((two, one), None, AUDIO, DETECTOR))

    assert told == {
        "verdict": "ambiguous",
        "identities": [
            {
                "generation_id": str(GenerationId(1)),
                "strength": "faint",
                "times_seconds": [[0, 30]],
            },
            {
                "generation_id": str(GenerationId(2)),
                "strength": "strong",
                "times_seconds": [[0, 60]],
            },
        ],
        "note": "",
    }
    assert coarse_json(Marked((_identity(1, 14.0),), None, AUDIO, DETECTOR))["verdict"] == "marked"
    assert "does not prove" in coarse_json(Unmarked(None, AUDIO, DETECTOR))["note"]


def test_numbers_for_prometheus_name_no_id_and_no_file(http: TestClient, token: str) -> None:
    client = WatermarkClient("http://testserver", http=http, token=token)
    client.embed(_wav(8), GenerationId(0xFEED), name="secret-song.wav")
    http.post("/v1/examine", content=b"")

    text = http.get("/metrics", headers=_bearer(token)).text

    assert 'antiphon_watermark_jobs_total{kind="embed",outcome="done"} 1.0' in text
    assert 'antiphon_watermark_audio_seconds_total{kind="embed"} 8.0' in text
    assert 'antiphon_watermark_job_seconds_count{kind="embed"} 1.0' in text
    assert 'antiphon_watermark_refusals_total{code="audio-empty"} 1.0' in text
    assert "antiphon_watermark_queue_length 0.0" in text
    assert "antiphon_watermark_registered_ids 1.0" in text
    assert re.search(r'antiphon_watermark_build_info\{.*version="', text)
    assert "feed" not in text.lower()
    assert "secret" not in text
