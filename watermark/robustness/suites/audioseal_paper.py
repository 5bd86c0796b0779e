"""AudioSeal's own evaluation strengths, which are harder than those it trains with."""

from __future__ import annotations

from watermark.robustness.attacks import codecs, edits, filters, levels, noises, rooms, tempo
from watermark.robustness.suite import NO_WEIGHTS, Source, Suite


def suite() -> Suite:
    """Its code divides pink noise by its peak before scaling, so that "std 0.1" is a peak of 0.1.

    Its noises have a fixed level whatever the clip's: how loud they are here the table tells.
    """
    one, whole = (source := Source("audioseal")).on_samples, source.on_clip
    return Suite(
        "audioseal-paper",
        "AudioSeal, ICML 2024: its evaluation strengths",
        (
            one("none", "none", levels.unchanged),
            one("bandpass 500-5000 Hz", "filter", filters.sinc("bandpass", 500, 5000)),
            one("highpass 1.5 kHz", "filter", filters.sinc("highpass", 1500)),
            one("lowpass 500 Hz", "filter", filters.sinc("lowpass", 500)),
            one("boost x10", "level", levels.gain(10.0)),
            one("duck x0.1", "level", levels.gain(0.1)),
            one("echo 0.5 s x 0.5", "room", rooms.echo(0.5, 0.5)),
            one("pink noise std 0.1", "noise", noises.pink_peaking(0.1)),
            one("white noise std 0.05", "noise", noises.white_of(0.05)),
            whole("speed x1.25", "tempo", tempo.played_at(1.25)),
            one("smooth 40", "filter", filters.smoothed(40)),
            one("resample 32 kHz", "filter", filters.by_way_of(32_000)),
            whole("AAC 64 kb/s", "codec", codecs.aac(64)),
            whole("MP3 32 kb/s", "codec", codecs.mp3(32)),
            one("shush 10 %", "edit", edits.shushed(0.1)),
        ),
        (source.left_out("EnCodec 24 kHz, 16 codebooks", "neural", NO_WEIGHTS),),
        rate_hz=16_000,
        mono=True,
    )
