"""Runs suites: marks every clip once, attacks it in memory, and asks who is named.

Each outcome is written to the journal at once, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from watermark.audio.errors import AudioRefused
from watermark.audio.quality import Quality, quality, si_snr_db
from watermark.audio.waveform import Samples
from watermark.detection import Corroborated
from watermark.identity.geometry import Geometry
from watermark.identity.search import IdSearch
from watermark.payload import GenerationId
from watermark.robustness.attack import Aim, Attack, AttackUnavailable, Sound, Specimen
from watermark.robustness.clips import Clip, fitted, like
from watermark.robustness.journal import Journal
from watermark.robustness.reader import MarkReader, Reading
from watermark.robustness.suite import Suite

IDS_PER_CLIP: Final = 8  # the most that any attack merges
DECOYS: Final = 2000


@dataclass(frozen=True)
class Plan:
    """`slow_clips` bounds how many clips meet attackers who question the detector."""

    suites: Sequence[Suite]
    seed: int
    slow_clips: int


@dataclass(frozen=True)
class Step:
    """What is being done, for whoever shows progress."""

    done: int
    of: int
    what: str


class _Copies:
    """Marked copies of one clip, made when first asked for."""

    def __init__(self, reader: MarkReader, original: Sound, ids: Sequence[GenerationId]) -> None:
        self._reader, self._original, self._ids = reader, original, ids
        self._made: dict[int, Samples] = {}
        self._over: Samples | None = None
        self.marked, self.report = reader.mark(original, ids[0])
        self._made[0] = self.marked

    def copy(self, number: int) -> Samples:
        if number not in self._made:
            self._made[number] = self._reader.mark(self._original, self._ids[number])[0]
        return self._made[number]

    def over(self) -> Samples:
        if self._over is None:
            marked = Sound(self.marked, self._original.rate_hz)
            self._over = self._reader.mark(marked, self._ids[1])[0]
        return self._over


def form_of(suite: Suite) -> str:
    """Suites of one form share their marked clips."""
    rate = "own rate" if suite.rate_hz is None else f"{suite.rate_hz} Hz"
    return f"{rate}, mono" if suite.mono else rate


def survey(
    clips: Sequence[Clip],
    reader: MarkReader,
    ids_of: Callable[[int], Sequence[GenerationId]],
    plan: Plan,
    journal: Journal,
    heard: Callable[[Step], None],
) -> None:
    """Run every attack of every suite on every clip, but what the journal holds already.

    `ids_of(n)` are the IDS_PER_CLIP registered ids of clip n. The last clip is never marked: it is
    the other audio that the one before it is spliced with.
    """
    done = {
        (row["suite"], row["attack"], row["clip"])
        for row in journal.rows
        if row["kind"] in ("attempt", "unavailable")
    }
    known_clips = {(row["form"], row["clip"]) for row in journal.of_kind("clip")}
    total = sum(
        min(len(clips) - 1, plan.slow_clips) if attack.slow else len(clips) - 1
        for suite in plan.suites
        for attack in suite.attacks
    )
    passed = 0
    for number, clip in enumerate(clips[:-1]):
        stranger = clips[number + 1]
        forms = dict.fromkeys(form_of(suite) for suite in plan.suites)
        for form in forms:
            suites = [suite for suite in plan.suites if form_of(suite) == form]
            wanted = [
                (suite, attack)
                for suite in suites
                for attack in suite.attacks
                if not (attack.slow and number >= plan.slow_clips)
            ]
            missing = [
                (suite, attack)
                for suite, attack in wanted
                if (suite.name, attack.name, number) not in done
            ]
            passed += len(wanted) - len(missing)
            if not missing:
                continue
            original = fitted(clip.sound, suites[0].rate_hz, mono=suites[0].mono)
            try:
                copies = _Copies(reader, original, ids_of(number))
            except AudioRefused as refusal:
                journal.add(_refused(form, number, clip, refusal))
                passed += len(missing)
                continue
            if (form, number) not in known_clips:
                journal.add(_clip_row(form, number, clip, original, copies))
                journal.add(_unmarked_row(form, number, original, reader, ids_of(number)[0]))
            other = like(stranger.sound, original.rate_hz, original.samples.shape[1]).samples
            for suite, attack in missing:
                heard(Step(passed, total, f"{suite.name}: {attack.name}"))
                specimen = _specimen(original, copies, other, reader, ids_of(number)[0])
                rng = np.random.default_rng([plan.seed, number, zlib.crc32(attack.name.encode())])
                outcome = _attempt(attack, specimen, reader, ids_of(number), rng)
                journal.add({"suite": suite.name, "attack": attack.name, "clip": number, **outcome})
                passed += 1
    heard(Step(total, total, "done"))


def _specimen(
    original: Sound, copies: _Copies, stranger: Samples, reader: MarkReader, true: GenerationId
) -> Specimen:
    def is_named(sound: Sound) -> bool:
        found = reader.read(sound, seek_geometry=False)
        return any(one.generation_id == true for one in found.identities)

    return Specimen(
        original.samples, original.rate_hz, copies.copy, copies.over, stranger, is_named
    )


def _attempt(
    attack: Attack,
    specimen: Specimen,
    reader: MarkReader,
    ids: Sequence[GenerationId],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """One row: what the attack did and who was named."""
    try:
        found = attack.apply(specimen, rng)
    except AttackUnavailable as reason:
        return {"kind": "unavailable", "reason": str(reason)}
    except AudioRefused as refusal:  # one of the further copies could not be marked
        return {"kind": "unavailable", "reason": refusal.code}
    reading = reader.read(found)
    notes = specimen.notes
    geometry = Geometry(notes.pop("pitch", 1.0), notes.pop("tempo", 1.0))
    named_z = max((one.z for one in reading.identities if one.generation_id == ids[0]), default=0.0)
    left = reader.agreement(found, ids[0], geometry).at_least(named_z)
    return {
        "kind": "attempt",
        "named": _named(reading),
        "refused": reading.refused,
        "agreement": left.to_json(),
        "seconds": round(found.seconds, 3),
        "si_snr_db": _si_snr_db(specimen, found),
        "notes": {key: round(value, 3) for key, value in notes.items()},
        **judged(attack, reading, ids),
    }


def judged(attack: Attack, reading: Reading, ids: Sequence[GenerationId]) -> dict[str, Any]:
    """`correct` by the attack's aim, and how many were named who have no part in the clip.

    `same_recording` and `other_recording`: what the fingerprint says of all that are rightly named.
    """
    named = [one.generation_id for one in reading.identities]
    put_there = set(ids[: attack.ids])
    every = put_there <= set(named)
    some = bool(put_there & set(named))
    sounds = {
        one.corroboration.outcome for one in reading.identities if one.generation_id in put_there
    }
    other = sounds == {Corroborated.OTHER_RECORDING}
    correct = {
        Aim.NAMED: named[:1] == [ids[0]],
        Aim.BOTH: every,
        Aim.MEMBERS: some,
        Aim.TOLD_APART: other or not some,
    }[attack.aim]
    return {
        "correct": correct,
        "every": every,
        "some": some,
        "wrong_ids": len(set(named) - put_there),
        "same_recording": sounds == {Corroborated.SAME_RECORDING},
        "other_recording": other,
    }


def _si_snr_db(specimen: Specimen, found: Sound) -> float | None:
    """What the attack did to the marked clip, where the two can be laid side by side."""
    same = found.samples.shape == specimen.marked.shape and found.rate_hz == specimen.rate_hz
    return round(si_snr_db(specimen.marked, found.samples), 2) if same else None


def _clip_row(
    form: str, number: int, clip: Clip, original: Sound, copies: _Copies
) -> dict[str, Any]:
    measured: Quality = quality(original.samples, copies.marked, original.rate_hz)
    return {
        "kind": "clip",
        "form": form,
        "clip": number,
        "name": clip.name,
        "seconds": round(original.seconds, 3),
        "rate_hz": original.rate_hz,
        "channels": original.samples.shape[1],
        "quality": measured.to_json(),
        "own_z": copies.report.identity_z,
    }


def _unmarked_row(
    form: str, number: int, original: Sound, reader: MarkReader, true: GenerationId
) -> dict[str, Any]:
    """The original itself: who is named, and what each of DECOYS ids reaches by chance.

    `decoy_z` counts them by tenths of z.
    """
    reading = reader.read(original)
    decoys = IdSearch(reader.search.key)
    drawn = np.random.default_rng([true.value % 2**32, DECOYS]).integers(
        0, 2**64, DECOYS, np.uint64
    )
    decoys.add_values(drawn)
    tenths = np.floor(10 * reader.decoy_z(original, decoys)).astype(int)
    return {
        "kind": "unmarked",
        "form": form,
        "clip": number,
        "decoy_z": {str(z / 10): int((tenths == z).sum()) for z in np.unique(tenths)},
        "named": _named(reading),
    }


def _named(reading: Reading) -> list[list[str | float]]:
    """Id, z and what the sound says of it, strongest first."""
    return [
        [str(one.generation_id), round(one.z, 3), str(one.corroboration.outcome)]
        for one in reading.identities
    ]


def _refused(form: str, number: int, clip: Clip, refusal: AudioRefused) -> dict[str, Any]:
    return {
        "kind": "refused",
        "form": form,
        "clip": number,
        "name": clip.name,
        "code": refusal.code,
        "reason": str(refusal),
    }


def taken(source: Iterator[Clip], count: int) -> list[Clip]:
    """The first `count` clips, or as many as there are."""
    found = []
    for clip in source:
        found.append(clip)
        if len(found) == count:
            break
    return found
