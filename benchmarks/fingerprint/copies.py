"""Altered copies: is a stretch of a recording still called that recording?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.fingerprint.recordings import Recording, landmarks_in
from watermark.audio.waveform import Samples
from watermark.fingerprint.agreement import agreement
from watermark.fingerprint.chance import ChanceLaw
from watermark.fingerprint.corroboration import is_same_recording
from watermark.robustness.attack import Aim, Attack, AttackUnavailable, Sound, Specimen
from watermark.robustness.clips import like
from watermark.robustness.intervals import wilson
from watermark.robustness.suites import antiphon

# Where a stretch of other music surrounds the marked one, the mark says where to compare; a crop
# of 10 s is the whole stretch.
_LEFT_OUT: Final = ("splice", "crop 10 s")
ATTACKS: Final = tuple(
    attack
    for attack in antiphon.suite(questions=0).attacks
    if attack.aim is Aim.NAMED and not attack.name.startswith(_LEFT_OUT)
)


def rows(
    recordings: Sequence[Recording], law: ChanceLaw, seed: int, attacks: Sequence[Attack]
) -> Iterator[dict[str, Any]]:
    """One row an attack of the mark's own suite, compared at the geometry that the attack made."""
    for attack in attacks:
        confirmed = beyond_chance = compared = 0
        missing = ""
        for number, recording in enumerate(recordings):
            rng = np.random.default_rng([seed, number])
            specimen = _specimen(recording, recordings[(number + 1) % len(recordings)])
            try:
                found = attack.apply(specimen, rng)
            except AttackUnavailable as reason:
                missing = str(reason)
                continue
            notes = specimen.notes
            best = agreement(
                landmarks_in(found),
                recording.landmarks,
                pitch=notes.get("pitch", 1.0),
                tempo=notes.get("tempo", 1.0),
            )
            if best is None:
                continue
            compared += 1
            beyond_chance += law.is_same_recording(best)
            confirmed += is_same_recording(best, law)
        yield {
            "attack": attack.name,
            "family": attack.family,
            "n": len(recordings) if not missing else 0,
            "confirmed": confirmed,
            "beyond_chance": beyond_chance,
            "too_thin": len(recordings) - compared,
            "wilson_95": list(wilson(confirmed, len(recordings))),
            "unavailable": missing,
        }


def _specimen(recording: Recording, stranger: Recording) -> Specimen:
    sound = recording.stretch

    def unmarked(_: int = 0) -> Samples:
        return sound.samples

    def nobody(_: Sound) -> bool:
        return False

    other = like(stranger.stretch, sound.rate_hz, sound.samples.shape[1]).samples
    return Specimen(sound.samples, sound.rate_hz, unmarked, unmarked, other, nobody)
