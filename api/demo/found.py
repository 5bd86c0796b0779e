"""The files that turn up in chapter 5, each with what was done to it and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from api.demo import distortions
from api.demo.arrangement import SECONDS_MAX, found_copy, read_mono
from api.demo.making import unmarked_path
from api.demo.world import World
from chain.ledger.identifiers import GenerationId
from watermark.payload import GenerationId as DrawnId

CROP_START_SECONDS = 6.3
CROP_SECONDS = 20.0
EXCERPT_SECONDS = 10.0
SPEED = 1.04
SEMITONES = 1.0
NOISE_SNR_DB = 10.0
NOISE_SEED = 3


@dataclass(frozen=True)
class Found:
    """A file and its truth. `marks` are the ids in it, none for a control or a forgery.

    `is_exam` says whether it counts in the run's traceability: it must have one true answer.
    """

    path: Path
    done: str
    marks: tuple[GenerationId, ...]
    is_exam: bool = True


def found_files(world: World) -> list[Found]:
    """Crops of every derivative, then what is done to hide, to cheat, and nothing at all."""
    return [*crops(world), *hidden(world), colluded(world), forged(world), *controls(world)]


def crops(world: World) -> list[Found]:
    """What most leaks look like: a part of it, mono, MP3, under another name."""
    made = []
    for number, derivative in enumerate(world.derivatives, start=1):
        path = world.folder / f"clip_{number:03}_final(2).mp3"
        rate = found_copy(
            derivative.marked, path, start_seconds=CROP_START_SECONDS, seconds=CROP_SECONDS
        )
        done = f"MP3 {rate / 1000:.0f} kb/s, {CROP_SECONDS:.0f} s cut out"
        made.append(Found(path, done, (derivative.generation_id,)))
    return made


def hidden(world: World) -> list[Found]:
    """Copies as they spread, and as people alter them so that detectors miss them."""
    turns = list(islice(cycle(world.derivatives), 3))
    one, two, three = (derivative.generation_id for derivative in turns)
    first, second, third = (read_mono(derivative.marked) for derivative in turns)
    folder = world.folder
    distortions.as_mp3(second, folder / "stream.mp3")
    part = distortions.excerpt(third, CROP_START_SECONDS, EXCERPT_SECONDS)
    distortions.as_opus(part, folder / "voice message.ogg")
    distortions.as_vorbis(distortions.faster(first, SPEED), folder / "turntable.ogg")
    distortions.as_vorbis(distortions.transposed(second, SEMITONES), folder / "transposed.ogg")
    noise = distortions.noisy(-third, NOISE_SNR_DB, NOISE_SEED)
    distortions.as_vorbis(0.5 * noise, folder / "worn tape.ogg")
    return [
        Found(folder / "stream.mp3", "MP3 32 kb/s", (two,)),
        Found(folder / "voice message.ogg", f"Opus, {EXCERPT_SECONDS:.0f} s cut out", (three,)),
        Found(folder / "turntable.ogg", f"played {100 * (SPEED - 1):.0f} % faster", (one,)),
        Found(folder / "transposed.ogg", f"{SEMITONES:.0f} semitone up, same tempo", (two,)),
        Found(
            folder / "worn tape.ogg",
            f"noise at {NOISE_SNR_DB:.0f} dB SNR, inverted",
            (three,),
        ),
    ]


def colluded(world: World) -> Found:
    """The first derivative is marked once more for a second customer; the two are averaged."""
    first = world.derivatives[0]
    again = world.app.watermark.embed(unmarked_path(world, 1), DrawnId.fresh())
    second = world.folder / "second customer.flac"
    second.write_bytes(again.audio_bytes)
    path = world.folder / "both customers.ogg"
    distortions.as_vorbis(distortions.averaged(read_mono(first.marked), read_mono(second)), path)
    marks = (first.generation_id, GenerationId(again.generation_id.value))
    return Found(path, "two customers' copies averaged", marks, is_exam=False)


def forged(world: World) -> Found:
    """The first derivative's mark moved onto music that nobody marked."""
    host = read_mono(world.recordings.control, SECONDS_MAX)
    marked, unmarked = read_mono(world.derivatives[0].marked), read_mono(unmarked_path(world, 1))
    path = world.folder / "forgery.flac"
    host = np.resize(host, len(marked))
    distortions.as_flac(distortions.carried_over(marked, unmarked, host), path)
    return Found(path, "a mark moved onto other music", ())


def controls(world: World) -> list[Found]:
    made = []
    for number, source in enumerate(
        (world.recordings.control, world.works[0].source.path), start=1
    ):
        path = world.folder / f"control_{number}.mp3"
        found_copy(source, path, start_seconds=0.0, seconds=CROP_SECONDS)
        made.append(Found(path, "unmarked control", ()))
    return made
