from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from watermark.detection import (
    AudioExamined,
    Corroborated,
    Corroboration,
    DetectionMalformed,
    Detector,
    Identity,
    Lookalike,
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

OTHER = Corroboration(Corroborated.OTHER_RECORDING, 300, 9, 12_345, 0.8)
CARRIED_OVER = replace(FOUND, corroboration=OTHER)
SAME = replace(OTHER, outcome=Corroborated.SAME_RECORDING)


@pytest.mark.parametrize(
    "detection",
    [
        Unmarked(None, AUDIO, DETECTOR),
        Unmarked(PRESENCE, AUDIO, DETECTOR),
        Marked((FOUND,), PRESENCE, AUDIO, DETECTOR),
        Marked((FOUND, Identity(GenerationId(1), 9.0, 1e-12, ())), None, AUDIO, DETECTOR),
        Marked((CARRIED_OVER,), None, AUDIO, DETECTOR),
        Unmarked(None, AUDIO, DETECTOR, (Lookalike(GenerationId(5), 200, 90, 1_250, 1e-40),)),
    ],
)
def test_a_detection_survives_json(detection: Marked | Unmarked) -> None:
    assert from_json(json.loads(json.dumps(to_json(detection)))) == detection


@pytest.mark.parametrize(
    ("identities", "outcome"),
    [
        ((FOUND,), "marked"),
        ((replace(FOUND, corroboration=SAME),), "marked"),
        ((CARRIED_OVER,), "ambiguous"),
        ((FOUND, replace(FOUND, generation_id=GenerationId(1))), "ambiguous"),
    ],
    ids=["not compared", "same recording", "other recording", "two ids"],
)
def test_only_one_id_whose_sound_is_not_another_is_a_plain_attribution(
    identities: tuple[Identity, ...], outcome: str
) -> None:
    detection = Marked(identities, None, AUDIO, DETECTOR)

    assert to_json(detection)["outcome"] == outcome
    assert detection.is_ambiguous is (outcome == "ambiguous")


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
        to_json(Marked((CARRIED_OVER,), None, AUDIO, DETECTOR)) | {"outcome": "marked"},
        _without("lookalikes"),
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
