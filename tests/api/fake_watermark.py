"""A stand-in for the watermark process: its HTTP contract, and answers that a test decides on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from watermark.client import WatermarkClient
from watermark.detection import (
    AudioExamined,
    Corroborated,
    Corroboration,
    Detection,
    Detector,
    Identity,
    Lookalike,
    Marked,
    Segment,
    Unmarked,
    to_json,
)
from watermark.payload import GenerationId

URL = "http://watermark.test"
NAME_CHARACTERS_MAX = 255
DETECTOR = Detector("stand-in detector", "0", None, 7.285, 12)
SAME_SOUND = Corroboration(Corroborated.SAME_RECORDING, 500, 400, 0, 1e-30)
OTHER_SOUND = Corroboration(Corroborated.OTHER_RECORDING, 500, 12, 3_000, 0.7)
WHERE = (Segment(1_000, 19_000, 19.0),)
SECONDS = 20
RATE_HZ = 16_000


def problem(status: int, code: str, detail: str) -> dict[str, Any]:
    return {"status": status, "code": code, "detail": detail, "title": code, "type": "about:blank"}


@dataclass
class FakeWatermark:
    """`marks` says which ids are heard in which bytes; `refusal` refuses every audio. The sound

    is that of the marked recording, save for bytes in `carried_over`; `alike` says which bytes,

    without a mark, sound like which generation's recording.

    With `away`, nothing answers. `names` are the file names it was told.
    """

    marks: dict[bytes, list[tuple[int, float]]] = field(default_factory=dict)
    refusal: tuple[int, str, str] | None = None
    away: bool = False
    names: list[str] = field(default_factory=list)
    carried_over: set[bytes] = field(default_factory=set)
    alike: dict[bytes, int] = field(default_factory=dict)
    _made: dict[str, bytes] = field(default_factory=dict)

    def client(self) -> WatermarkClient:
        """A client whose requests end here."""
        transport = httpx.MockTransport(self._answer)
        return WatermarkClient(URL, http=httpx.Client(base_url=URL, transport=transport))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("nobody listens", request=request)
        route = request.url.path
        if route == "/health":
            return httpx.Response(200, json=self._health())
        if route.endswith("/audio"):
            return httpx.Response(200, content=self._made[route.split("/")[-2]])
        name = request.url.params["name"]
        self.names.append(name)
        if len(name) > NAME_CHARACTERS_MAX:
            return httpx.Response(422, json=problem(422, "request-invalid", "query.name: too long"))
        if self.refusal is not None:
            return httpx.Response(self.refusal[0], json=problem(*self.refusal))
        work: dict[str, Callable[[bytes, httpx.Request], dict[str, Any]]] = {
            "/v1/examine": lambda body, _: vars(examined(body)),
            "/v1/detect": lambda body, _: to_json(self.heard(body)),
            "/v1/embed": self._embed,
        }
        result = work[route](request.read(), request)
        job = {"job_id": result.get("job", "1"), "state": "done", "result": result}
        return httpx.Response(202, json=job)

    def heard(self, body: bytes) -> Detection:
        """What is found in these bytes."""
        audio = examined(body)
        sound = OTHER_SOUND if body in self.carried_over else SAME_SOUND
        found = tuple(
            Identity(GenerationId(number), z, 1e-12, WHERE, 1.04, 1.04, sound)
            for number, z in self.marks.get(body, [])
        )
        if found:
            return Marked(found, None, audio, DETECTOR)
        alike = self.alike.get(body)
        hints = () if alike is None else (Lookalike(GenerationId(alike), 500, 300, 0, 1e-40),)
        return Unmarked(None, audio, DETECTOR, hints)

    def _embed(self, body: bytes, request: httpx.Request) -> dict[str, Any]:
        generation = GenerationId.parse(request.url.params["generation_id"])
        marked = body + generation.to_bytes()
        self.marks[marked] = [(generation.value, 20.0)]
        job = str(len(self._made) + 1)
        self._made[job] = marked
        facts = examined(marked)
        return {
            "job": job,
            "generation_id": str(generation),
            "key_id": "stand-in",
            "snr_db": 30.0,
            "noise_to_mask_db": -6.0,
            "masked_fraction": 1.0,
            "identity_z": 20.0,
            "presence_weights_sha256": None,
            "source": {"pcm_sha256": examined(body).pcm_sha256},
            "marked": {
                "sha256": facts.sha256,
                "pcm_sha256": facts.pcm_sha256,
                "frames": SECONDS * RATE_HZ,
                "sample_rate_hz": RATE_HZ,
                "channels": 1,
            },
        }

    @staticmethod
    def _health() -> dict[str, Any]:
        return {
            "detector": DETECTOR.name,
            "version": DETECTOR.version,
            "key_id": "stand-in",
            "registered_ids": DETECTOR.registered_ids,
            "presence_weights_sha256": None,
        }


def examined(body: bytes) -> AudioExamined:
    """Facts of bytes that are taken for audio: as long and as fine as every other."""
    return AudioExamined(
        sha256=hashlib.sha256(body).hexdigest(),
        pcm_sha256=hashlib.sha256(b"samples of " + body).hexdigest(),
        duration_ms=SECONDS * 1_000,
        sample_rate_hz=RATE_HZ,
        channels=1,
    )
