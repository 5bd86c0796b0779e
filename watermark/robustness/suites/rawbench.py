"""RAW-Bench at its strict and its loose strengths; one draw from each range per clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from watermark.robustness.attacks import codecs, edits, filters, levels, noises, rooms, tempo
from watermark.robustness.suite import NO_WEIGHTS, Source, Suite

Range = tuple[float, float]
_RATIO: Final = 4.0  # of the compressor and the expander
_DECAY_SECONDS: Final = 0.5
_SHIFT_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Strengths:
    """Ranges in the units of their names."""

    noise_db: Range
    background_db: Range
    reverb_db: Range
    threshold_db: Range  # compressor and limiter
    expander_db: Range
    equaliser: Range  # share of the amplitude
    highpass_hz: Range
    lowpass_hz: Range
    gains: tuple[Range, ...]
    tempos: tuple[Range, ...]
    kbps: tuple[int, ...]
    vorbis_quality: tuple[int, ...]


STRICT: Final = Strengths(
    noise_db=(20, 40),
    background_db=(20, 35),
    reverb_db=(0, 6),
    threshold_db=(-36, -18),
    expander_db=(-16, -12),
    equaliser=(0.375, 0.75),
    highpass_hz=(250, 500),
    lowpass_hz=(3500, 6000),
    gains=((0.2, 0.5), (1.5, 5.0)),
    tempos=((0.75, 0.95), (1.05, 1.25)),
    kbps=(64,),
    vorbis_quality=(0,),  # its q -1 is not offered by libsndfile
)
LOOSE: Final = Strengths(
    noise_db=(40, 60),
    background_db=(35, 60),
    reverb_db=(6, 12),
    threshold_db=(-18, -6),
    expander_db=(-12, -6),
    equaliser=(0.375, 0.375),
    highpass_hz=(10, 250),
    lowpass_hz=(6000, 8000),
    gains=((0.5, 1.5),),
    tempos=((0.95, 1.05),),
    kbps=(128, 256),
    vorbis_quality=(0, 4, 8),
)


def suite(name: str, how: Strengths) -> Suite:
    """`name` is strict or loose; it begins the name of every row."""
    source = Source("rawbench", f"{name}: ")
    one, whole = source.on_samples, source.on_clip

    def span(what: str, ends: Range, unit: str, scale: float = 1.0) -> str:
        return f"{what} {ends[0] / scale:g}-{ends[1] / scale:g} {unit}"

    attacks = [
        one("none", "none", levels.unchanged),
        one(span("white noise", how.noise_db, "dB"), "noise", noises.white(*how.noise_db)),
        whole(
            span("background", how.background_db, "dB"),
            "noise",
            noises.background(*how.background_db),
        ),
        one(
            span("reverb", how.reverb_db, "dB"),
            "room",
            rooms.reverberation(_DECAY_SECONDS, *how.reverb_db),
        ),
        one("compressor", "level", levels.compressor(_RATIO, how.threshold_db)),
        one("expander", "level", levels.expander(_RATIO, how.expander_db)),
        one("limiter", "level", levels.limiter(how.threshold_db)),
        one("equaliser", "filter", filters.bark_equaliser(*how.equaliser)),
        one(
            span("highpass", how.highpass_hz, "Hz"),
            "filter",
            filters.butterworth("highpass", *how.highpass_hz),
        ),
        one(
            span("lowpass", how.lowpass_hz, "kHz", 1000),
            "filter",
            filters.butterworth("lowpass", *how.lowpass_hz),
        ),
        one("gain", "level", levels.drawn_gain(*how.gains)),
        one("word length", "level", levels.word_length(12, 16)),
        one("jitter", "edit", edits.jittered(0.01, 0.2)),
        whole("stretch", "tempo", tempo.stretched(*how.tempos)),
        one("polarity", "level", levels.inverted),
        one("shift", "edit", edits.moved(_SHIFT_SECONDS)),
        *(whole(f"AAC {rate} kb/s", "codec", codecs.aac(rate)) for rate in how.kbps),
        *(whole(f"MP3 {rate} kb/s", "codec", codecs.mp3(rate)) for rate in how.kbps),
        *(whole(f"Vorbis q{q}", "codec", codecs.vorbis(q)) for q in how.vorbis_quality),
    ]
    return Suite(
        f"rawbench-{name}",
        f"RAW-Bench, 2025: {name} strengths",
        tuple(attacks),
        (
            source.left_out("EnCodec", "neural", NO_WEIGHTS),
            source.left_out("DAC", "neural", NO_WEIGHTS),
        ),
        rate_hz=44_100,
    )
