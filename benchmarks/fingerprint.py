"""What the fingerprint recognises, confuses and costs: `python -m benchmarks.fingerprint`.

Audio is synthesised from held-out families, or read from a folder of music that nothing was tuned
on. A case passes when the stretch is called the same recording as its original at the geometry it
was made with. No peer is in the table: pyacoustid needs the native Chromaprint library.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy import signal

from chain.metrics.binomial import share_of
from watermark.audio.errors import AudioRefused
from watermark.audio.waveform import AudioFile, AudioLimits, at_16_khz
from watermark.fingerprint.agreement import agreement
from watermark.fingerprint.calibration import Specimen, unrelated_agreements
from watermark.fingerprint.chance import FALSE_AGREEMENTS_MAX, ChanceLaw
from watermark.fingerprint.landmarks import Landmarks, landmarks_of_stream
from watermark.identity.cells import SAMPLE_RATE_HZ
from watermark.synthesis import HELD_OUT_FAMILIES, clip

Mono = npt.NDArray[np.float32]  # (time,), 16 kHz
Attack = Callable[[Mono, np.random.Generator], Mono]
SECONDS_READ = 180.0
RATES = (0.8, 0.9, 0.95, 1.05, 1.1, 1.2)
SEMITONES = (-2, -1, 1, 2)
PROMISES = (1e-1, 1e-2, 1e-3)


def landmarks(sound: Mono) -> Landmarks:
    return landmarks_of_stream(iter([sound.reshape(-1, 1)]), 1)


def resampled(sound: Mono, ratio: float) -> Mono:
    """Played `ratio` times as fast."""
    return np.asarray(soxr.resample(sound, ratio * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ), np.float32)


def stretched(sound: Mono, ratio: float) -> Mono:
    """A plain phase vocoder: `ratio` times the tempo, at the same pitch."""
    size, hop = 2048, 512
    window = np.hanning(size)
    padded = np.pad(sound, (size, 2 * size))
    places = np.arange(0, len(padded) - size - hop, hop * ratio).astype(int)
    phase = np.zeros(size // 2 + 1)
    out = np.zeros(len(places) * hop + size)
    for number, place in enumerate(places):
        here = np.fft.rfft(padded[place : place + size] * window)
        later = np.fft.rfft(padded[place + hop : place + hop + size] * window)
        frame = np.fft.irfft(np.abs(here) * np.exp(1j * phase)) * window
        out[number * hop : number * hop + size] += frame
        phase = phase + np.angle(later) - np.angle(here)
    return np.asarray(out[size:], np.float32)


def noisy(sound: Mono, rng: np.random.Generator) -> Mono:
    level = np.sqrt(np.mean(sound**2) / 10)
    return np.asarray(sound + rng.normal(scale=level, size=len(sound)), np.float32)


def roomed(sound: Mono, rng: np.random.Generator) -> Mono:
    count = SAMPLE_RATE_HZ
    tail = rng.normal(size=count) * 10 ** (-3 * np.arange(count) / (0.8 * SAMPLE_RATE_HZ))
    tail *= 0.7 / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(signal.fftconvolve(sound, tail)[: len(sound)], np.float32)


def coded(kbps: float) -> Attack:
    """MP3 by the real encoder; libsndfile's compression level steers a constant bit rate."""

    def attack(sound: Mono, _: np.random.Generator) -> Mono:
        lowest, highest = 8.0, 160.0  # MPEG-2 at 16 kHz
        level = 1 - (kbps - lowest) / (highest - lowest)
        memory = io.BytesIO()
        with soundfile.SoundFile(
            memory,
            "w",
            SAMPLE_RATE_HZ,
            1,
            format="MP3",
            compression_level=level,
            bitrate_mode="CONSTANT",
        ) as out:
            out.write(sound)
        memory.seek(0)
        return np.asarray(soundfile.read(memory, dtype="float32")[0], np.float32)

    return attack


def highpassed(sound: Mono, _: np.random.Generator) -> Mono:
    taps = signal.butter(6, 1500, "high", fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(signal.sosfilt(taps, sound), np.float32)


def cases() -> Iterator[tuple[str, float, float, float, Attack]]:
    """Name, seconds, pitch and tempo of the copy, and how it is made."""
    for seconds in (5.0, 10.0):
        yield f"clean {seconds:g} s", seconds, 1.0, 1.0, lambda sound, _: sound
    for kbps in (64.0, 32.0, 24.0):
        yield f"MP3 {kbps:g} kb/s", 10.0, 1.0, 1.0, coded(kbps)
    yield "noise 10 dB", 10.0, 1.0, 1.0, noisy
    yield "noise 10 dB, 5 s", 5.0, 1.0, 1.0, noisy
    yield "reverb, 0.8 s, 3 dB", 10.0, 1.0, 1.0, roomed
    yield "highpass 1.5 kHz", 10.0, 1.0, 1.0, highpassed
    for rate in RATES:
        yield f"speed {rate:g}", 10.0, rate, rate, lambda s, _, r=rate: resampled(s, r)
        yield f"stretch {rate:g}", 10.0, 1.0, rate, lambda s, _, r=rate: stretched(s, r)
    for semitones in SEMITONES:
        ratio = 2 ** (semitones / 12)
        yield (
            f"pitch {semitones:+d} st",
            10.0,
            ratio,
            1.0,
            lambda s, _, r=ratio: resampled(stretched(s, 1 / r), r),
        )


def music(
    folder: Path | None, count: int, rng: np.random.Generator
) -> list[tuple[Mono, frozenset[str]]]:
    """Recordings at 16 kHz, mono, each with the name of what must not be paired with it."""
    if folder is None:
        return [
            (
                np.asarray(clip({name: draw}, rng, seconds=40.0, sample_rate_hz=SAMPLE_RATE_HZ)),
                frozenset({name}),
            )
            for _ in range(-(-count // len(HELD_OUT_FAMILIES)))
            for name, draw in HELD_OUT_FAMILIES.items()
        ][:count]
    suffixes = {".ogg", ".flac", ".wav", ".mp3"}
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)
    long = [path for path in paths if soundfile.info(path).duration >= 45]
    found = []
    for path in rng.permutation(np.array(long, dtype=object))[:count]:
        try:
            blocks = list(at_16_khz(AudioFile(path, AudioLimits())))
        except AudioRefused:
            continue
        whole = np.concatenate(blocks)[: int(SECONDS_READ * SAMPLE_RATE_HZ)].mean(1)
        if len(whole) > 40 * SAMPLE_RATE_HZ:
            found.append((whole, frozenset()))
    return found


def row(name: str, passed: int, whole: int) -> str:
    share = share_of(name, passed, whole)
    interval = f"{share.low:.4%} to {share.high:.4%}" if share.low is not None else "none"
    return f"| {name} | {passed}/{whole} | {interval} |"


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--recordings", type=int, default=100)
    parser.add_argument("--partners", type=int, default=110)
    parser.add_argument("--seed", type=int, default=7)
    wanted = parser.parse_args()
    rng, law = np.random.default_rng(wanted.seed), ChanceLaw.load()
    sounds = music(wanted.folder, wanted.recordings, rng)
    begun = time.process_time()
    prints = [landmarks(sound) for sound, _ in sounds]
    cost = (time.process_time() - begun) / sum(len(s) / SAMPLE_RATE_HZ for s, _ in sounds)
    density = sum(map(len, prints)) / sum(len(s) / SAMPLE_RATE_HZ for s, _ in sounds)
    print(
        f"{len(sounds)} recordings, seed {wanted.seed}; {density:.1f} landmarks a second; "
        f"{cost:.5f} CPU-s a second, mono at 16 kHz\n\n"
        "| copy | same recording | Wilson 95 % |\n|---|---|---|"
    )
    for name, seconds, pitch, tempo, attack in cases():
        passed = 0
        for (sound, _), kept in zip(sounds, prints, strict=True):
            start = int(rng.integers(0, len(sound) - int(seconds * SAMPLE_RATE_HZ)))
            piece = sound[start : start + int(seconds * SAMPLE_RATE_HZ)]
            best = agreement(landmarks(attack(piece, rng)), kept, pitch=pitch, tempo=tempo)
            passed += best is not None and law.is_same_recording(best)
        print(row(name, passed, len(sounds)), flush=True)
    specimens = [Specimen(p, names) for p, (_, names) in zip(prints, sounds, strict=True)]
    pairs = unrelated_agreements(specimens, partners=wanted.partners, rng=rng)
    rates = np.array([law.rate(pair.strength, pair.places) for pair in pairs])
    print("\n| unrelated pairs called so at | found | Wilson 95 % |\n|---|---|---|")
    for promise in (*PROMISES, FALSE_AGREEMENTS_MAX):
        print(row(f"rate {promise:g}", int(np.sum(rates <= promise)), len(rates)))


if __name__ == "__main__":
    main()
