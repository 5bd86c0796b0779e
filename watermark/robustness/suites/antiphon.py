"""The rows this project promises, and the attackers it was built against."""

from __future__ import annotations

from typing import Final

from watermark.robustness.attack import Aim, Apply, Attack, after
from watermark.robustness.attacks import (
    codecs,
    collusion,
    edits,
    filters,
    grid,
    levels,
    noises,
    rooms,
    spectral,
    tempo,
)
from watermark.robustness.suite import NO_WEIGHTS, Source, Suite

CLEAN: Final = ("none", "crop 10 s", "crop 5 s")
EACH_95: Final = (
    "white noise 10 dB",
    "Opus 6 kb/s",
    "MP3 24 kb/s",
    "highpass 1.5 kHz",
    "reverb 0.5 s, 3 dB",
    "echo 0.25 s x 0.5",
    "equaliser ±6 dB",
)
_PERCENTS: Final = (-20, -10, -5, 5, 10, 20)


def suite(questions: int) -> Suite:
    """`questions` is the budget of the black-box attackers; 0 leaves them out."""
    source = Source("antiphon")
    return Suite(
        "antiphon",
        "this project's targets and threat model",
        (
            *_signal(source),
            *_tempo(source),
            *_edits(source),
            *_colluders(Source("collusion")),
            *_adversaries(Source("adversary")),
            *Source("adversary").by_asking(questions),
        ),
        (source.left_out("EnCodec, DAC, SoundStream", "neural", NO_WEIGHTS),),
    )


def _signal(source: Source) -> tuple[Attack, ...]:
    one, whole = source.on_samples, source.on_clip
    return (
        one("none", "none", levels.unchanged),
        one("crop 10 s", "edit", edits.crop(10)),
        one("crop 5 s", "edit", edits.crop(5)),
        one("white noise 20 dB", "noise", noises.white(20)),
        one("white noise 10 dB", "noise", noises.white(10)),
        whole("background 10 dB", "noise", noises.background(10)),
        whole("MP3 64 kb/s", "codec", codecs.mp3(64)),
        whole("MP3 24 kb/s", "codec", codecs.mp3(24)),
        whole("AAC 32 kb/s", "codec", codecs.aac(32)),
        whole("Vorbis q0", "codec", codecs.vorbis(0)),
        whole("Opus 16 kb/s", "codec", codecs.opus(16)),
        whole("Opus 6 kb/s", "codec", codecs.opus(6)),
        one("highpass 1.5 kHz", "filter", filters.butterworth("highpass", 1500)),
        one("lowpass 3 kHz", "filter", filters.butterworth("lowpass", 3000)),
        one("telephone band", "filter", filters.band("bandpass", 300, 3400)),
        one("equaliser ±6 dB", "filter", filters.octave_equaliser(6.0)),
        one("resample 8 kHz", "filter", filters.by_way_of(8000)),
        one("reverb 0.5 s, 3 dB", "room", rooms.reverberation(0.5, 3.0)),
        one("echo 0.25 s x 0.5", "room", rooms.echo(0.25, 0.5)),
        one("polarity", "level", levels.inverted),
        one("8 bits", "level", levels.word_length(8)),
        one("saturation", "level", levels.saturated),
        one("compressor 4:1", "level", levels.compressor(4, (-30.0, -30.0))),
        one("mix to mono", "level", levels.to_mono),
        whole(
            "chain: MP3 32 kb/s, 12 s, noise 30 dB, polarity",
            "codec",
            after(codecs.mp3(32), edits.crop(12), noises.white(30), levels.inverted),
        ),
    )


def _tempo(source: Source) -> list[Attack]:
    whole, found = source.on_clip, []
    for percent in _PERCENTS:
        ratio = 1 + percent / 100
        found.append(whole(f"speed {percent:+d} %", "tempo", tempo.played_at(ratio)))
        apply = tempo.stretched((ratio, ratio))
        found.append(whole(f"stretch {percent:+d} %", "tempo", apply))
    for semitones in (-2, -1, 1, 2):
        name = f"pitch {semitones:+d} semitone{'s' if abs(semitones) > 1 else ''}"
        found.append(whole(name, "tempo", tempo.shifted(semitones)))
    return found


def _edits(source: Source) -> tuple[Attack, ...]:
    one, whole = source.on_samples, source.on_clip
    return (
        *(whole(f"splice of {s} s", "edit", edits.spliced(s)) for s in (1, 2, 5, 10)),
        one("jitter 0.2 sample", "edit", edits.jittered(0.2, 0.2)),
        whole("delete 1 %, 100-sample runs", "edit", edits.deleted(0.01, 100)),
        whole("delete 10 %", "edit", edits.deleted(0.1)),
        one("quantise 16 levels", "level", levels.quantised(16)),
        one("spectral gate", "spectrum", spectral.gated()),
        one("Wiener filter", "spectrum", spectral.wiener()),
    )


def _colluders(source: Source) -> tuple[Attack, ...]:
    def of(name: str, copies: int, apply: Apply) -> Attack:
        return source.on_ids(name, Aim.MEMBERS, apply, copies)

    return (
        *(of(f"average of {k} copies", k, collusion.averaged(k)) for k in (2, 3, 5, 8)),
        of("random mixture of 3 copies", 3, collusion.mixed(3)),
        of("interleave of 2, 25 samples", 2, collusion.interleaved(2, 25)),
        of("interleave of 2, 4096 samples", 2, collusion.interleaved(2, 4096)),
        source.on_ids("second id on top", Aim.BOTH, collusion.overwritten, 2),
    )


def _adversaries(source: Source) -> tuple[Attack, ...]:
    one = source.on_samples
    return (
        one("cells jittered ±1 dB", "adversary", grid.cells_jittered(1.0)),
        one("cells jittered ±2 dB", "adversary", grid.cells_jittered(2.0)),
        one("pairs levelled by half", "adversary", grid.pairs_levelled(0.5)),
        one("pairs levelled", "adversary", grid.pairs_levelled(1.0)),
        source.on_ids(
            "copied: marked minus denoised", Aim.TOLD_APART, collusion.copied(spectral.wiener()), 1
        ),
        source.on_ids(
            "copied: marked minus its medians",
            Aim.TOLD_APART,
            collusion.copied(spectral.median_smoothed(17)),
            1,
        ),
        source.on_ids("copied: marked minus original", Aim.TOLD_APART, collusion.oracle_copied, 1),
        source.on_ids("copied: gains of the mark", Aim.TOLD_APART, collusion.gains_copied, 1),
    )
