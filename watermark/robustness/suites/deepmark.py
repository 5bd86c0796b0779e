"""DeepMark's default plugin settings, and AWARE's own list, which shares most of its kinds."""

from __future__ import annotations

from watermark.robustness.attack import Aim
from watermark.robustness.attacks import (
    codecs,
    collusion,
    edits,
    filters,
    levels,
    noises,
    rooms,
    spectral,
    tempo,
)
from watermark.robustness.suite import NO_WEIGHTS, Source, Suite

_GENERATIVE = (
    "diffusion, 5 steps",
    "variational auto-encoder",
    "BigVGAN vocoder",
    "xcodec2 tokens",
    "neural speech enhancement",
)


def suite() -> Suite:
    """Strengths of its configuration files; kinds it leaves undescribed say so where they are."""
    source, aware = Source("deepmark"), Source("aware", "AWARE: ")
    one, whole = source.on_samples, source.on_clip
    return Suite(
        "deepmark",
        "DeepMark benchmark defaults, and the attacks AWARE adds",
        (
            one("none", "none", levels.unchanged),
            whole("pitch +5 cents", "tempo", tempo.shifted(0.05)),
            whole("stretch x1.4", "tempo", tempo.stretched((1.4, 1.4))),
            one("lowpass 5 kHz", "filter", filters.butterworth("lowpass", 5000, order=5)),
            one("highpass 50 Hz", "filter", filters.butterworth("highpass", 50, order=4)),
            one("bandstop 350-500 Hz", "filter", filters.band("bandstop", 350, 500)),
            one("equaliser ±10 dB", "filter", filters.octave_equaliser(10.0)),
            one("pink noise std 0.03", "noise", noises.pink_of(0.03)),
            one("white noise 20 dB", "noise", noises.white(20)),
            whole("MP3 192 kb/s (for LAME V3)", "codec", codecs.mp3(192)),
            one("PCM 16 bits", "level", levels.word_length(16)),
            one("quantise 256 levels", "level", levels.quantised(256)),
            one("smooth 10", "filter", filters.smoothed(10)),
            one("spectrum of 256 levels", "spectrum", spectral.coarse_spectrum(256, 1024, 512)),
            one("Haar shrinkage", "spectrum", spectral.haar_shrunk()),
            one("linear prediction 12", "spectrum", spectral.predicted(12)),
            one("cut 20 x 20 samples", "edit", edits.cut(20, 20)),
            one("flip half of 50 parts", "edit", edits.flipped(50, 0.5)),
            one("20 zeros inserted", "edit", edits.zeros_inserted(20)),
            one("chorus", "room", rooms.chorus(0.025, 0.005, 0.5)),
            one("flanger", "room", rooms.chorus(0.003, 0.002, 0.5)),
            one("block replacement", "edit", edits.replaced(1024, 0.75)),
            source.on_ids(
                "interleave of 2, 25 samples", Aim.MEMBERS, collusion.interleaved(2, 25), 2
            ),
            whole("20 % unmarked runs", "adversary", collusion.diluted(0.2, 25)),
            source.on_ids("second id on top", Aim.BOTH, collusion.overwritten, 2),
            *(
                aware.on_clip(f"delete {share:.0%}", "edit", edits.deleted(share))
                for share in (0.1, 0.15, 0.2)
            ),
            *(
                aware.on_samples(f"suppress {share:.0%}", "edit", edits.suppressed(share))
                for share in (0.1, 0.25)
            ),
            aware.on_samples("PCM 8 bits", "level", levels.word_length(8)),
            aware.on_samples("random bandstop", "filter", filters.drawn_bandstop(1.0)),
        ),
        (
            *(source.left_out(name, "neural", NO_WEIGHTS) for name in _GENERATIVE),
            source.left_out(
                "re-embedding by another system",
                "adversary",
                "run it with official AudioSeal weights",
            ),
        ),
    )
