"""Where attacks, their strengths and the figures printed beside ours come from.

Figures marked Q are quoted from a paper by way of another document, R are read in a repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Source:
    """`material` is what the published figures were measured on."""

    title: str
    material: str


SOURCES: Final = {
    "audioseal": Source(
        "San Roman et al., Proactive Detection of Voice Cloning with Localized Watermarking, "
        "ICML 2024, evaluation settings (omnisealbench, audio_attacks_paper.yaml)",
        "10,000 x 10 s of VoxPopuli speech, 16 kHz mono",
    ),
    "audiomarkbench": Source(
        "Liu et al., AudioMarkBench, 2024 (no-box and black-box settings)",
        "5 s speech clips, 16 kHz mono",
    ),
    "rawbench": Source(
        "Oezer et al., RAW-Bench, 2025",
        "6 s of music, speech and environment at 44.1 kHz",
    ),
    "deepmark": Source(
        "DeepMark benchmark, default plugin settings (deepmarkpy-benchmark)", "speech and music"
    ),
    "aware": Source("AWARE, 2025, its own attack list", "speech, 16 kHz"),
    "sok": Source(
        "SoK on audio watermarking (22 attacks, 109 configurations, 9 schemes): the attacks its "
        "key findings name; rooms and far field SIMULATED here",
        "speech and music",
    ),
    "xattnmark": Source(
        "XAttnMark, ICML 2025: AudioSeal and XAttnMark on MusicCaps", "5 s of music, 16 bits"
    ),
    "audiobench": Source(
        "Audio-Bench, results/metrics.json, AudioSeal at threshold .15", "106 clips"
    ),
    "collusion": Source(
        "averaging, interleaving and mixing of copies as in the collusion literature; "
        "K = 2, 3, 5, 8",
        "-",
    ),
    "adversary": Source("attackers of this repository's own threat model", "-"),
    "antiphon": Source("this repository's own targets", "-"),
}


@dataclass(frozen=True)
class Figure:
    """A published figure of another system under an attack.

    `measure` says what it counts: accuracy of detection, a bit or a whole message read right,
    attribution to the right model.
    """

    system: str
    measure: str
    value: str
    source: str
    tag: str = "Q"


def _paper(value: str) -> Figure:
    return Figure("AudioSeal", "detection accuracy (TPR/FPR)", value, "audioseal")


def _raw(value: str) -> Figure:
    return Figure("AudioSeal", "bit / message accuracy", value, "rawbench")


def _music(value: str) -> Figure:
    return Figure("AudioSeal", "detection (TPR/FPR) / attribution", value, "xattnmark")


def _cross(value: str) -> Figure:
    return Figure("XAttnMark", "detection accuracy", value, "xattnmark")


def _bench(value: str) -> Figure:
    return Figure("AudioSeal", "TPR / bit accuracy", value, "audiobench", "R")


# Keyed by the name of the attack in `presets`.
FIGURES: Final[dict[str, tuple[Figure, ...]]] = {
    "none": (_paper("1.00 (1.00/0.00)"), _music("1.00 / .69")),
    "bandpass 500-5000 Hz": (_paper("1.00 (1.00/0.00)"), _music("1.00 / .31")),
    "highpass 1.5 kHz": (_paper(".61 (.82/.60)"), _music("1.00 / .31")),
    "lowpass 500 Hz": (_paper(".99 (.99/.00)"), _music("1.00 / .56")),
    "boost x10": (_paper("1.00"), _music("1.00 / .50")),
    "duck x0.1": (_paper("1.00"), _music("1.00 / .56")),
    "echo 0.5 s x 0.5": (_paper("1.00"), _music("1.00 / .38"), _cross(".995")),
    "pink noise std 0.1": (_paper("1.00"), _music("1.00 / .75")),
    "white noise std 0.05": (_paper(".91 (.86/.04)"), _music("1.00 / .56")),
    "speed x1.25": (_paper(".99"), _music(".61 (.36/.15) / .00"), _cross(".995")),
    "smooth 40": (_paper(".99"), _music("1.00 / .19")),
    "resample 32 kHz": (_paper("1.00"), _music("1.00 / .56")),
    "AAC 64 kb/s": (_paper("1.00"), _music("1.00 / .12")),
    "MP3 32 kb/s": (_paper("1.00"), _cross(".995")),
    "loose: MP3 128 kb/s": (_music("1.00 / .38"),),
    "EnCodec 24 kHz, 16 codebooks": (
        _paper(".98 (.98/.01)"),
        _music("1.00 / .31"),
        _cross(".965"),
    ),
    "white noise 40 dB": (_bench("1.00 / .998"),),
    "white noise 30 dB": (_bench("1.00 / .963"),),
    "white noise 20 dB": (_bench(".85 / .863"),),
    "white noise 10 dB": (_bench(".25 / .655"),),
    "white noise 5 dB": (_bench(".07 / .554"),),
    "background 40 dB": (_bench("1.00 / .996"),),
    "background 30 dB": (_bench("1.00 / .960"),),
    "background 20 dB": (_bench(".92 / .838"),),
    "background 10 dB": (_bench(".25 / .667"),),
    "background 5 dB": (_bench(".04 / .588"),),
    "stretch x0.9": (_bench(".89 / .976"),),
    "stretch x1.1": (_bench(".99 / .995"),),
    "stretch -20 %": (_bench(".86 / .973"),),
    "stretch -10 %": (_bench(".89 / .976"),),
    "stretch +10 %": (_bench(".99 / .995"),),
    "stretch +20 %": (_bench(".86 / .994"),),
    "quantise 4 levels": (_bench(".06 / .488"),),
    "quantise 8 levels": (_bench(".32 / .529"),),
    "quantise 16 levels": (_bench(".60 / .646"),),
    "quantise 32 levels": (_bench(".87 / .800"),),
    "quantise 64 levels": (_bench("1.00 / .901"),),
    "lowpass 0.1 fs": (_bench("1.00 / 1.000"),),
    "highpass 0.1 fs": (_bench(".12 / .638"),),
    "highpass 0.2 fs": (_bench("<= .13 / <= .60"),),
    "smooth 6": (_bench("1.00 / 1.000"),),
    "smooth 10": (_bench("1.00 / .941"),),
    "smooth 14": (_bench(".08 / .522"),),
    "smooth 18": (_bench(".75 / .673"),),
    "smooth 22": (_bench(".99 / .710"),),
    "MP3 64 kb/s": (_bench("1.00 / 1.000"),),
    "strict: white noise 20-40 dB": (_raw(">= .99 / .93"),),
    "strict: background 20-35 dB": (_raw("- / .95"),),
    "strict: reverb 0-6 dB": (_raw(".87 / .22"),),
    "strict: compressor": (_raw("- / .92"),),
    "strict: expander": (_raw("- / .89"),),
    "strict: limiter": (_raw(".98 / .88"),),
    "strict: lowpass 3.5-6 kHz": (_raw("- / .93"),),
    "strict: highpass 250-500 Hz": (_raw(".96 / .57"),),
    "strict: equaliser": (_raw(".91 / .39"),),
    "strict: stretch": (_raw(".97 / .72"),),
    "strict: jitter": (_raw("- / .96"),),
    "strict: polarity": (_raw(".18 / .00"),),
    "strict: gain": (_raw("- / .91"),),
    "strict: word length": (_raw("- / .95"),),
    "strict: shift": (_raw(".62 / .06"),),
    "strict: MP3 64 kb/s": (_raw("- / .92"),),
    "strict: Vorbis q0": (_raw("- / .95"),),
    "strict: AAC 64 kb/s": (_raw("- / .96"),),
    "strict: EnCodec": (_raw(".96 / .65"),),
    "strict: DAC": (_raw(".52 / .00"),),
    "loose: white noise 40-60 dB": (_raw("message .95"),),
    "loose: background 35-60 dB": (_raw("message .96"),),
    "loose: reverb 6-12 dB": (_raw("message .72"),),
    "loose: highpass 10-250 Hz": (_raw("message .88"),),
    "loose: equaliser": (_raw("message .90"),),
    "loose: stretch": (_raw("message .71"),),
    "loose: shift": (_raw("message .02"),),
    "loose: EnCodec": (_raw("message .78"),),
    "reverb 0.5 s, 3 dB": (_raw(".87 / .22 (DRR 0-6 dB)"),),
    "equaliser ±6 dB": (_raw(".91 / .39 (Bark bands ±.375-.75)"),),
    "polarity": (_raw(".18 / .00"),),
    "average of 2 copies": (
        Figure("AudioSeal", "traced to a member", ".01", "collusion"),
        Figure("WMCodec / VoiceMark", "traced to a member", ".007 / .063", "collusion"),
    ),
    "average of 8 copies": (
        Figure("AudioSeal", "framing a chosen innocent", ".436", "collusion"),
        Figure("WavMark", "framing a chosen innocent", ".544", "collusion"),
    ),
    "crop 5 s": (_music("1.00 / .12"), Figure("XAttnMark", "attribution", ".930", "xattnmark")),
    "Opus 16 kb/s": (Figure("AudioSeal", "whole message", "1.00", "audiobench", "Q"),),
    "G.722": (Figure("AudioSeal", "whole message", ".00", "audiobench", "Q"),),
    "telephone chain": (Figure("AudioSeal", "detection AUC", ".582", "sok"),),
    "trim 1.234 s": (Figure("AudioSeal", "whole message", ".08", "audiobench"),),
    "second id on top": (
        Figure("AudioSeal", "first mark lost (overwriting)", "~1.00", "adversary"),
    ),
}
