from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from watermark.detection import (
    AudioExamined,
    DetectionMalformed,
    Detector,
    Identity,
    Marked,
    Presence,
    PresenceSegment,
    Segment,
    Unmarked,
    from_json,
    to_json,
)
from watermark.payload import GenerationId

AUDIO = AudioExamined("aa" * 32, "bb" * 32, 30_000, 44_100, 2)
DETECTOR = Detector("cells", "1", None, 8.4, 10_000)
PRESENCE = Presence(0.97, 0.5, (PresenceSegment(0, 15_000, 0.99),))
FOUND = Identity(GenerationId(0xABC), 14.25, 3e-40, (Segment(416, 9888, 14.2),))


@pytest.mark.parametrize(
    "detection",
    [
        Unmarked(None, AUDIO, DETECTOR),
        Unmarked(PRESENCE, AUDIO, DETECTOR),
        Marked((FOUND,), PRESENCE, AUDIO, DETECTOR),
        Marked((FOUND, Identity(GenerationId(1), 9.0, 1e-12, ())), None, AUDIO, DETECTOR),
    ],
)
def test_a_detection_survives_json(detection: Marked | Unmarked) -> None:
    assert from_json(json.loads(json.dumps(to_json(detection)))) == detection


def test_marked_without_an_identity_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="use Unmarked"):
        Marked((), None, AUDIO, DETECTOR)


def test_unmarked_has_no_place_for_an_id() -> None:
    assert not hasattr(Unmarked(None, AUDIO, DETECTOR), "identities")
    assert to_json(Unmarked(None, AUDIO, DETECTOR))["identities"] == []


def _without(key: str) -> dict[str, Any]:
    document = to_json(Marked((FOUND,), None, AUDIO, DETECTOR))
    del document[key]
    return document


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        _without("outcome"),
        _without("audio"),
        _without("identities"),
        to_json(Marked((FOUND,), None, AUDIO, DETECTOR)) | {"outcome": "unmarked"},
        to_json(Unmarked(None, AUDIO, DETECTOR)) | {"outcome": "marked"},
        to_json(Unmarked(None, AUDIO, DETECTOR)) | {"audio": {"sha256": "aa"}},
        to_json(Unmarked(None, AUDIO, DETECTOR)) | {"identities": [{"generation_id": "7"}]},
    ],
)
def test_a_malformed_document_is_refused(document: Any) -> None:
    with pytest.raises(DetectionMalformed):
        from_json(document)


def test_payload_detection_and_client_need_no_torch() -> None:
    code = (
        "import sys, watermark.payload, watermark.detection, watermark.client;"
        "sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
