"""What the public is told of a detection: enough to act on, too little to climb by."""

from __future__ import annotations

from typing import Any, Final

from watermark.detection import Detection, Identity, Marked

TIME_STEP_SECONDS: Final = 5
_CLEAR_MARGIN_Z: Final = 3.0  # over the threshold
_STRONG_MARGIN_Z: Final = 8.0
NOT_FOUND_PROVES_NOTHING: Final = "a mark that is not found does not prove that there was none"


def coarse_json(detection: Detection) -> dict[str, Any]:
    """Verdict, ids, strength in one of three words, times rounded to 5 s."""
    if not isinstance(detection, Marked):
        return {"verdict": "not-found", "identities": [], "note": NOT_FOUND_PROVES_NOTHING}
    threshold_z = detection.detector.threshold_z
    return {
        "verdict": "ambiguous" if detection.is_ambiguous else "marked",
        "identities": [
            {
                "generation_id": str(identity.generation_id),
                "strength": _strength(identity.z - threshold_z),
                "times_seconds": _times(identity),
            }
            for identity in sorted(detection.identities, key=lambda one: one.generation_id)
        ],
        "note": "",
    }


def _strength(margin_z: float) -> str:
    if margin_z < _CLEAR_MARGIN_Z:
        return "faint"
    return "clear" if margin_z < _STRONG_MARGIN_Z else "strong"


def _times(identity: Identity) -> list[list[int]]:
    """Segments as [from, to] in whole steps, those that then touch joined."""
    joined: list[list[int]] = []
    for segment in identity.segments:
        first, last = _rounded(segment.start_ms), _rounded(segment.end_ms)
        if joined and first <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    return joined


def _rounded(milliseconds: int) -> int:
    return TIME_STEP_SECONDS * round(milliseconds / (1000 * TIME_STEP_SECONDS))
