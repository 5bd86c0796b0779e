"""What befalls a marked copy before it is heard, in a form gradients pass through.

Every attack maps (time,) to (time,) of the same length, aligned. Codecs and rounding are
straight-through: forward they are the codec, backward they are nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from watermark.identity.cells import SAMPLE_RATE_HZ

Attack = Callable[[Tensor, np.random.Generator], Tensor]
_BANDS_OF_EQUALISER = 9


def white_noise(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Noise at 5 to 30 dB under the audio."""
    return sound + _noise(sound, rng, float(rng.uniform(5, 30)))


def pink_noise(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Noise that falls 3 dB per octave, at 5 to 30 dB under the audio."""
    pink = _filtered(_noise(sound, rng, 0.0), 1.0 / torch.sqrt(_hertz(sound) + 20.0))
    share = sound.detach().square().mean() / pink.square().mean().clamp_min(1e-20)
    under: Tensor = pink * share.sqrt() * 10.0 ** (-float(rng.uniform(5, 30)) / 20.0)
    return sound + under


def lowpass(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Butterworth magnitude, 1.5 to 7 kHz, order 2 to 8."""
    ratio = _hertz(sound) / float(np.exp(rng.uniform(np.log(1500), np.log(7000))))
    return _filtered(sound, 1.0 / torch.sqrt(1.0 + ratio ** (2 * int(rng.integers(2, 9)))))


def highpass(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Butterworth magnitude, 100 Hz to 2 kHz, order 2 to 6."""
    ratio = float(np.exp(rng.uniform(np.log(100), np.log(2000)))) / (_hertz(sound) + 1.0)
    return _filtered(sound, 1.0 / torch.sqrt(1.0 + ratio ** (2 * int(rng.integers(2, 7)))))


def bandpass(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """A telephone: both of the above."""
    return lowpass(highpass(sound, rng), rng)


def equaliser(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Nine bands moved by up to 10 dB, joined by straight lines over log frequency."""
    knots_db = rng.uniform(-10, 10, _BANDS_OF_EQUALISER)
    knots = np.linspace(np.log(60), np.log(8000), _BANDS_OF_EQUALISER)
    gains_db = np.interp(np.log(_hertz(sound).cpu().numpy() + 40.0), knots, knots_db)
    return _filtered(sound, torch.from_numpy((10.0 ** (gains_db / 20.0)).astype(np.float32)))


def reverb(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """A decaying-noise room, direct sound 0 to 10 dB over the rest."""
    count = round(float(rng.uniform(0.1, 0.7)) * SAMPLE_RATE_HZ)
    tail = rng.standard_normal(count) * 10.0 ** (-3.0 * np.arange(count) / count)
    tail *= 10.0 ** (-float(rng.uniform(0, 10)) / 20.0) / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    return _convolved(sound, tail)


def echo(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """One repeat after 0.05 to 0.5 s, at 0.2 to 0.6."""
    taps = np.zeros(round(float(rng.uniform(0.05, 0.5)) * SAMPLE_RATE_HZ))
    taps[0], taps[-1] = 1.0, float(rng.uniform(0.2, 0.6))
    return _convolved(sound, taps)


def resample(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Down to 5 to 12 kHz and back: nothing is left over half of that."""
    return _filtered(sound, (_hertz(sound) < float(rng.uniform(2500, 6000))).float())


def quantise(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """6 to 10 bits over the clip's own peak."""
    steps = 2.0 ** float(rng.uniform(5, 9)) / sound.detach().abs().max().clamp_min(1e-9)
    return _straight(sound, torch.round(sound.detach() * steps) / steps)


def smooth(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """A moving average of 2 to 7 samples."""
    width = int(rng.integers(2, 8))
    return _convolved(sound, np.full(width, 1.0 / width))


def saturate(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Soft clipping, driven up to 12 dB beyond the peak."""
    drive = 10.0 ** (float(rng.uniform(-6, 12)) / 20.0) / sound.detach().abs().max().clamp_min(1e-9)
    bent: Tensor = torch.tanh(sound * drive) / drive
    return bent


def mp3(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """MP3 from about 50 down to 26 kb/s."""
    return _through(sound, "MP3", "MPEG_LAYER_III", float(rng.uniform(0.0, 0.99)))


def vorbis(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Vorbis from good down to 22 kb/s."""
    return _through(sound, "OGG", "VORBIS", float(rng.uniform(0.3, 1.0)))


def opus(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Opus from about 57 down to 6 kb/s."""
    return _through(sound, "OGG", "OPUS", 1.0 if rng.random() < 0.5 else float(rng.uniform(0.8, 1)))


ATTACKS: dict[str, Attack] = {
    "white noise": white_noise,
    "pink noise": pink_noise,
    "lowpass": lowpass,
    "highpass": highpass,
    "bandpass": bandpass,
    "equaliser": equaliser,
    "reverb": reverb,
    "echo": echo,
    "resample": resample,
    "quantise": quantise,
    "smooth": smooth,
    "saturate": saturate,
    "mp3": mp3,
    "vorbis": vorbis,
    "opus": opus,
}
_WEIGHTS = {"white noise": 3.0, "opus": 2.5, "mp3": 2.0}
_NAMES = list(ATTACKS)
_CHANCES = np.array([_WEIGHTS.get(name, 1.0) for name in _NAMES])
_CHANCES /= _CHANCES.sum()


def one_attack(sound: Tensor, rng: np.random.Generator) -> Tensor:
    """Any of them; noise and codecs come most often."""
    return ATTACKS[_NAMES[int(rng.choice(len(_NAMES), p=_CHANCES))]](sound, rng)


def change_speed(sound: Tensor, speed: float) -> Tensor:
    """Play `speed` times as fast; the length changes."""
    length = round(sound.shape[0] / speed)
    faster: Tensor = torch.nn.functional.interpolate(
        sound[None, None], size=length, mode="linear", align_corners=True
    )[0, 0]
    return faster


def _noise(sound: Tensor, rng: np.random.Generator, under_db: float) -> Tensor:
    noise = torch.from_numpy(rng.standard_normal(sound.shape[0], dtype=np.float32))
    level = sound.detach().square().mean().sqrt() * 10.0 ** (-under_db / 20.0)
    levelled: Tensor = noise.to(sound.device) * level
    return levelled


def _hertz(sound: Tensor) -> Tensor:
    hertz: Tensor = torch.fft.rfftfreq(sound.shape[0], 1.0 / SAMPLE_RATE_HZ, device=sound.device)
    return hertz


def _filtered(sound: Tensor, gains: Tensor) -> Tensor:
    spectrum = torch.fft.rfft(sound) * gains.to(sound.device)
    filtered: Tensor = torch.fft.irfft(spectrum, n=sound.shape[0])
    return filtered


def _convolved(sound: Tensor, taps: NDArray[np.float64]) -> Tensor:
    length = sound.shape[0] + len(taps)
    response = torch.fft.rfft(torch.from_numpy(taps.astype(np.float32)).to(sound.device), n=length)
    wet: Tensor = torch.fft.irfft(torch.fft.rfft(sound, n=length) * response, n=length)
    return wet[: sound.shape[0]]


def coded(
    samples: NDArray[np.float32], container: str, subtype: str, level: float
) -> NDArray[np.float32]:
    """One clip (time,) through a codec of libsndfile, in memory."""
    peak = max(float(np.abs(samples).max()), 1e-6)
    file = io.BytesIO()
    soundfile.write(
        file,
        samples / peak * 0.7,
        SAMPLE_RATE_HZ,
        format=container,
        subtype=subtype,
        compression_level=level,
    )
    file.seek(0)
    played = soundfile.read(file, dtype="float32")[0][: len(samples)]
    played = np.pad(played, (0, len(samples) - len(played))) * peak / 0.7
    return np.asarray(played, dtype=np.float32)


def _through(sound: Tensor, container: str, subtype: str, level: float) -> Tensor:
    played = coded(sound.detach().cpu().numpy(), container, subtype, level)
    return _straight(sound, torch.from_numpy(played).to(sound.device))


def _straight(sound: Tensor, altered: Tensor) -> Tensor:
    return sound + (altered - sound).detach()
