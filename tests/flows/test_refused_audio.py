"""Audio that cannot be worked on, through the HTTP API and the real watermark process."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from api.application import Application
from api.http.app import create_app
from api.registration import WorkDraft, register_work
from chain.ledger.identifiers import CommunityId
from tests.devnet import Devnet
from tests.flows.small_story import open_story_application
from watermark.audio.errors import AudioMislabelled

RATE_HZ = 16_000
SECONDS = 6


@pytest.fixture(scope="module")
def app(
    devnet_process: Devnet, watermark_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Application:
    state = tmp_path_factory.mktemp("refused") / "state"
    return open_story_application(devnet_process, state, watermark_url)


@pytest.fixture(scope="module")
def http(app: Application) -> Iterator[TestClient]:
    with TestClient(create_app(app), raise_server_exceptions=False) as client:
        yield client


def sound(*, level: float = 0.1, seconds: float = SECONDS, form: str = "WAV") -> bytes:
    """Noise in a container."""
    samples = np.random.default_rng(1).normal(scale=level, size=int(seconds * RATE_HZ))
    held = io.BytesIO()
    soundfile.write(held, samples.clip(-1, 1), RATE_HZ, format=form)
    return held.getvalue()


def not_a_number() -> bytes:
    samples = np.full(SECONDS * RATE_HZ, 0.1, dtype=np.float32)
    samples[1_000] = np.nan
    held = io.BytesIO()
    soundfile.write(held, samples, RATE_HZ, format="WAV", subtype="FLOAT")
    return held.getvalue()


REFUSED = {
    "empty": (b"", "a.wav", "audio-empty"),
    "text": (b"My heart's in the highlands" * 99, "a.wav", "audio-unreadable"),
    "html": (b"<html><script>alert(1)</script></html>", "a.mp3", "audio-unreadable"),
    "half": (sound()[:30], "a.wav", "audio-unreadable"),
    "no samples": (sound(seconds=0), "a.wav", "audio-empty"),
    "nan": (not_a_number(), "a.wav", "audio-unreadable"),
    "silent": (sound(level=0), "a.wav", "audio-silent"),
    "nearly silent": (sound(level=1e-5, form="FLAC"), "a.flac", "audio-silent"),
    "short": (sound(seconds=0.5), "a.wav", "audio-too-short"),
    "flac named mp3": (sound(form="FLAC"), "a.mp3", "audio-mislabelled"),
    "wav named ogg": (sound(), "old/a.OGG", "audio-mislabelled"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_audio_is_a_422_with_a_code_and_the_next_step(http: TestClient, kind: str) -> None:
    body, name, code = REFUSED[kind]

    answer = http.post("/v1/traces", files={"file": (name, body)})
    page = http.post("/trace", files={"file": (name, body)})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert ";" in answer.json()["detail"], "what is wrong; what to do"
    assert page.status_code == 422
    assert "cannot be traced" in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize(("name", "form"), [("a.wav", "WAV"), ("a.FLAC", "FLAC"), ("noise", "OGG")])
def test_sound_audio_without_a_mark_is_no_refusal(http: TestClient, name: str, form: str) -> None:
    answer = http.post("/v1/traces", files={"file": (name, sound(form=form))})

    assert answer.status_code == 200
    assert answer.json()["generations"] == []


def test_mislabelled_audio_leaves_no_block_and_no_transaction_behind(
    app: Application, devnet_process: Devnet, tmp_path: Path
) -> None:
    path = tmp_path / "field recording.mp3"
    path.write_bytes(sound(form="FLAC"))
    steward = devnet_process.signers[11]
    before = (list(app.blocks.iterate()), app.node.nonce(steward.address), app.head())

    with pytest.raises(AudioMislabelled):
        register_work(
            app, WorkDraft(path, (("en", "Lost"),), "Nobody", "none"), CommunityId(1), steward
        )

    assert (list(app.blocks.iterate()), app.node.nonce(steward.address), app.head()) == before


def test_the_health_of_both_processes_is_told(http: TestClient, devnet_process: Devnet) -> None:
    health = http.get("/health").json()

    assert health["status"] == "ok"
    assert health["block"] == devnet_process.node.head().number
    assert health["watermark"]["detector"] == "antiphon cell mark"
