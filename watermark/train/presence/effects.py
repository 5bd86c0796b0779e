"""What happens to audio between the mark and the detector, in a form gradients pass through.

Every effect maps (batch, 1, time) to the same shape. `labels`, 1 where a sample is marked, go
through the same change of time. Codecs are straight-through: forward they are the codec, backward
they are nothing (as AudioSeal trains, San Roman et al. 2024).
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import soundfile
import torch
from torch import Tensor
from torch.nn import functional as F

SAMPLE_RATE_HZ = 16000
Effect = Callable[[Tensor, np.random.Generator], Tensor]


def _noise_like(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """White noise, the same for both halves of a pair batch, so that only the mark differs."""
    half = samples.shape[0] // 2
    noise = rng.standard_normal((half, 1, samples.shape[-1]), dtype=np.float32)
    both: Tensor = torch.from_numpy(noise).to(samples.device).repeat(2, 1, 1)
    return both


def _at_snr(noise: Tensor, samples: Tensor, snr_db: float) -> Tensor:
    power = samples.square().mean(dim=-1, keepdim=True)
    noise_power = noise.square().mean(dim=-1, keepdim=True) + 1e-12
    share: Tensor = power / noise_power * 10.0 ** (-snr_db / 10.0)
    return noise * share.sqrt().detach()


def white_noise(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """Noise at 12…40 dB under the audio."""
    return samples + _at_snr(_noise_like(samples, rng), samples, float(rng.uniform(12, 40)))


def pink_noise(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """Noise that falls 3 dB per octave, at 8…35 dB under the audio."""
    noise = _noise_like(samples, rng)
    frequencies = _frequencies(samples)
    pink = _filtered(noise, 1.0 / torch.sqrt(frequencies + 20.0))
    return samples + _at_snr(pink, samples, float(rng.uniform(8, 35)))


def _frequencies(samples: Tensor) -> Tensor:
    count = samples.shape[-1]
    hz: Tensor = torch.fft.rfftfreq(count, 1.0 / SAMPLE_RATE_HZ, device=samples.device)
    return hz


def _filtered(samples: Tensor, gains: Tensor) -> Tensor:
    sound: Tensor = torch.fft.irfft(torch.fft.rfft(samples) * gains, n=samples.shape[-1])
    return sound


def lowpass(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """Butterworth magnitude, 2.2…7 kHz, order 2…8."""
    edge_hz, order = float(rng.uniform(2200, 7000)), int(rng.integers(2, 9))
    ratio = _frequencies(samples) / edge_hz
    return _filtered(samples, 1.0 / torch.sqrt(1.0 + ratio ** (2 * order)))


def highpass(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """Butterworth magnitude, 60 Hz…1.6 kHz, order 2…6."""
    edge_hz = float(np.exp(rng.uniform(np.log(60), np.log(1600))))
    order = int(rng.integers(2, 7))
    ratio = edge_hz / (_frequencies(samples) + 1.0)
    return _filtered(samples, 1.0 / torch.sqrt(1.0 + ratio ** (2 * order)))


def equaliser(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """Nine bands moved by up to ±9 dB, joined by straight lines over log frequency."""
    knots_db = rng.uniform(-9, 9, 9)
    position = np.log(_frequencies(samples).cpu().numpy() + 40.0)
    gains_db = np.interp(position, np.linspace(np.log(60), np.log(8000), 9), knots_db)
    gains = torch.from_numpy((10.0 ** (gains_db / 20.0)).astype(np.float32))
    return _filtered(samples, gains.to(samples.device))


def smooth(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """A moving average of 2…7 samples."""
    width = int(rng.integers(2, 8))
    kernel = torch.full((1, 1, width), 1.0 / width, device=samples.device)
    return F.conv1d(F.pad(samples, (width - 1, 0)), kernel)


def quantise(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """6…10 bits over the clip's own peak, straight-through."""
    steps = 2.0 ** float(rng.uniform(5, 9))
    peak = samples.detach().abs().amax(dim=-1, keepdim=True) + 1e-9
    rounded: Tensor = torch.round(samples.detach() / peak * steps) / steps * peak
    return samples + (rounded - samples).detach()


def reverb(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """A decaying-noise room, direct sound 0…10 dB over the rest."""
    count = round(float(rng.uniform(0.08, 0.5)) * SAMPLE_RATE_HZ)
    tail = rng.standard_normal(count) * 10.0 ** (-3.0 * np.arange(count) / count)
    tail *= 10.0 ** (-float(rng.uniform(0, 10)) / 20.0) / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    length = samples.shape[-1] + count
    response = torch.fft.rfft(
        torch.from_numpy(tail.astype(np.float32)).to(samples.device), n=length
    )
    wet: Tensor = torch.fft.irfft(torch.fft.rfft(samples, n=length) * response, n=length)
    return wet[..., : samples.shape[-1]]


def cell_gains(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """Every 64 ms by band cell scaled by about ±1 dB, as the identity layer and its like do."""
    window = torch.hann_window(512, device=samples.device)
    flat = samples.squeeze(1)
    spectrum = torch.stft(flat, 512, 128, window=window, return_complex=True)
    half, bins, frames = flat.shape[0] // 2, spectrum.shape[1], spectrum.shape[2]
    cells = rng.choice([-1.0, 1.0], size=(half, bins // 6 + 1, frames // 8 + 1))
    gains_db = np.repeat(np.repeat(cells, 6, axis=1), 8, axis=2)[:, :bins, :frames]
    gains = 10.0 ** (gains_db * float(rng.uniform(0.5, 1.2)) / 20.0)
    both = torch.from_numpy(gains.astype(np.float32)).to(samples.device).repeat(2, 1, 1)
    sound: Tensor = torch.istft(spectrum * both, 512, 128, window=window, length=flat.shape[-1])
    return sound.unsqueeze(1)


def mp3(samples: Tensor, rng: np.random.Generator) -> Tensor:
    """MP3 at the encoder's compression level 0…0.9 (about 49 down to 28 kb/s), straight-through."""
    level = float(rng.uniform(0.0, 0.9))
    peak = samples.detach().abs().amax(dim=(-2, -1), keepdim=True).clamp_min(1e-6)
    played = [through_mp3(row, level) for row in (samples.detach() / peak * 0.7).cpu().numpy()]
    coded = torch.from_numpy(np.stack(played)).to(samples.device).unsqueeze(1) * peak / 0.7
    return samples + (coded - samples).detach()


def through_mp3(row: np.ndarray, level: float) -> np.ndarray:
    """One clip, (1, time) to (time,), written as MP3 in memory and read back."""
    file = io.BytesIO()
    soundfile.write(file, row[0], SAMPLE_RATE_HZ, format="MP3", compression_level=level)
    file.seek(0)
    played = soundfile.read(file, dtype="float32")[0][: row.shape[-1]]
    return np.asarray(np.pad(played, (0, row.shape[-1] - len(played))), dtype=np.float32)


EFFECTS: dict[str, Effect] = {
    "white noise": white_noise,
    "pink noise": pink_noise,
    "lowpass": lowpass,
    "highpass": highpass,
    "equaliser": equaliser,
    "smooth": smooth,
    "quantise": quantise,
    "reverb": reverb,
    "cell gains": cell_gains,
    "mp3": mp3,
}
NOT_AT_FIRST = "mp3"


def change_speed(samples: Tensor, labels: Tensor, speed: float) -> tuple[Tensor, Tensor]:
    """Play `speed` times as fast; the length changes for both."""
    length = round(samples.shape[-1] / speed)
    return (
        F.interpolate(samples, size=length, mode="linear"),
        F.interpolate(labels, size=length, mode="linear"),
    )


def attacked(
    pairs: Tensor,
    labels: Tensor,
    rng: np.random.Generator,
    *,
    strength: float,
    codec: bool,
    heard: int,
) -> tuple[Tensor, Tensor]:
    """Pairs (2·batch, 1, time), marked hosts then the same hosts unmarked, after what befalls them.

    Each host is dealt none, one, or two effects with probability `strength`, a change of polarity,
    perhaps of speed, and a cut to `heard` samples at any offset, the same for both of a pair.
    """
    names = [name for name in EFFECTS if codec or name != NOT_AT_FIRST]
    half = pairs.shape[0] // 2
    sounds, marks = [], []
    for start in range(0, half, 2):  # two hosts share a draw: cheaper, and varied enough
        rows = [*range(start, min(start + 2, half))]
        rows += [half + row for row in rows]
        sound, mark = pairs[rows], labels[rows]
        for probability in (0.8, 0.25):
            if rng.random() < probability * strength:
                sound = EFFECTS[names[int(rng.integers(0, len(names)))]](sound, rng)
        if rng.random() < 0.15 * strength:
            sound, mark = change_speed(sound, mark, float(rng.uniform(0.93, 1.08)))
        offset = int(rng.integers(0, sound.shape[-1] - heard + 1))
        polarity = 1.0 if rng.random() < 0.5 else -1.0
        sounds.append(polarity * sound[..., offset : offset + heard])
        marks.append(mark[..., offset : offset + heard])
    return _unpaired(sounds), _unpaired(marks)


def _unpaired(groups: list[Tensor]) -> Tensor:
    """Groups of (marked…, unmarked…) joined into one batch of all marked, then all unmarked."""
    marked = [group[: group.shape[0] // 2] for group in groups]
    unmarked = [group[group.shape[0] // 2 :] for group in groups]
    return torch.cat(marked + unmarked)
