"""AudioMarkBench: every strength of its no-box attacks, and black-box removal at a budget."""

from __future__ import annotations

from watermark.robustness.attack import Attack
from watermark.robustness.attacks import codecs, filters, levels, noises, rooms, tempo
from watermark.robustness.suite import NO_WEIGHTS, Source, Suite

_NEEDS_KEY = "it assumes the secret key, and whoever holds that can always remove or place a mark"


def suite(questions: int) -> Suite:
    """Its Opus attack is named by other bit rates than its code passes to the encoder; these are

    the latter. Under 4 kb/s libopus sends hardly more than silence.
    """
    source = Source("audiomarkbench")
    return Suite(
        "audiomarkbench",
        "AudioMarkBench: no-box and black-box strengths",
        (*_no_box(source), *source.by_asking(questions)),
        (
            source.left_out("SoundStream, 4 to 16 codebooks", "neural", NO_WEIGHTS),
            source.left_out("EnCodec 1.5 to 24 kb/s", "neural", NO_WEIGHTS),
            source.left_out("highpass 0.5 fs", "filter", "it leaves silence"),
            source.left_out("lowpass 0.5 fs", "filter", "it leaves everything"),
            source.left_out("white-box removal and forgery", "adversary", _NEEDS_KEY),
        ),
        rate_hz=16_000,
        mono=True,
    )


def _no_box(source: Source) -> list[Attack]:
    one, whole = source.on_samples, source.on_clip
    found = [one("none", "none", levels.unchanged)]
    for tempo_ratio in (0.7, 0.9, 1.1, 1.3, 1.5):
        apply = tempo.stretched((tempo_ratio, tempo_ratio))
        found.append(whole(f"stretch x{tempo_ratio:g}", "tempo", apply))
    for snr_db in (40, 30, 20, 10, 5):
        found.append(one(f"white noise {snr_db} dB", "noise", noises.white(snr_db)))
        found.append(whole(f"background {snr_db} dB", "noise", noises.background(snr_db)))
    for kbps in (1, 2, 4, 8, 16, 31):
        found.append(whole(f"Opus {kbps} kb/s", "codec", codecs.opus(kbps, complexity=1)))
    for steps in (4, 8, 16, 32, 64):
        found.append(one(f"quantise {steps} levels", "level", levels.quantised(steps)))
    for kind in ("highpass", "lowpass"):
        for share in (0.1, 0.2, 0.3, 0.4):
            change = filters.of_sample_rate(kind, share)
            found.append(one(f"{kind} {share:g} fs", "filter", change))
    for window in (6, 10, 14, 18, 22):
        found.append(one(f"smooth {window}", "filter", filters.smoothed(window)))
    for delay_seconds in (0.1, 0.3, 0.5, 0.7, 0.9):
        change = rooms.echo(delay_seconds, 0.5)
        found.append(one(f"echo {delay_seconds:g} s x 0.5", "room", change))
    for kbps in (8, 16, 24, 32, 40):
        found.append(whole(f"MP3 {kbps} kb/s", "codec", codecs.mp3(kbps)))
    return found
