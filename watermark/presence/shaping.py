"""How the presence mark lies under its host, and how the networks are shown audio.

Both work in Bark bands over 40 ms. The mark's power in a band follows the host's there to the
power GAMMA, so that it is everywhere, yet nearest to what masks it, and never within 12 dB of the
host in any band: no whistle to hear, no band to cut. The networks see audio with its bands made
equal, so that loud basses do not hide a mark, and equalisers and gains change little.

Hops divide the networks' 20 ms frame, so a chunk that starts on a frame is analysed as the whole.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

SAMPLE_RATE_HZ = 16000
WINDOW = 640  # 40 ms
HOP = 160  # 10 ms
BANDS = 22
LOWEST_HZ, HIGHEST_HZ = 60.0, 7900.0
GAMMA = 0.5
# A masker hides what lies 12 dB below it, between the 6 dB of noise maskers and the 18 dB of tones.
MASKED_BELOW_DB = 12.0
LOUD_TRAINING_DB = 10.0  # a mark louder than 22 dB under its host may pass the 12 dB in a band
LARGEST_LIFT = 1.4  # of the whole mark, where its bands did not add up to what was wanted
RELATIVE_FLOOR = 1e-6  # of a frame's power, per band: what counts as empty
ABSOLUTE_FLOOR = 1e-8  # about -90 dBFS: quieter audio is not turned up further


@cache
@torch.inference_mode(False)  # kept for later calls, and training cannot use an inference tensor
def bark_bands() -> Tensor:
    """Triangles (band, bin) at equal steps on the Bark scale (Traunmüller 1990) that sum to 1."""
    frequencies = torch.fft.rfftfreq(WINDOW, 1.0 / SAMPLE_RATE_HZ)

    def bark(hz: Tensor) -> Tensor:
        return 26.81 * hz / (1960.0 + hz) - 0.53

    low, high = (float(bark(torch.tensor(hz))) for hz in (LOWEST_HZ, HIGHEST_HZ))
    place = (bark(frequencies) - low) / (high - low) * (BANDS - 1)
    inside = ((place >= 0) & (place <= BANDS - 1)).float()
    return (1.0 - (place[None] - torch.arange(BANDS)[:, None]).abs()).clamp_min(0.0) * inside


def spectrum(samples: Tensor) -> Tensor:
    """(batch, 1, time) to complex (batch, bin, frame)."""
    return torch.stft(
        samples.squeeze(1).float(),
        WINDOW,
        HOP,
        window=torch.hann_window(WINDOW, device=samples.device),
        pad_mode="constant",
        return_complex=True,
    )


def _sound(bins: Tensor, length: int) -> Tensor:
    window = torch.hann_window(WINDOW, device=bins.device)
    return torch.istft(bins, WINDOW, HOP, window=window, length=length).unsqueeze(1)


def band_powers(bins: Tensor) -> Tensor:
    """Complex (batch, bin, frame) to (batch, band, frame)."""
    power: Tensor = bark_bands().to(bins.device) @ (bins.real.square() + bins.imag.square())
    return power


def envelope(samples: Tensor) -> Tensor:
    """RMS over 20 ms, every 10 ms, read out per sample by straight lines; (batch, 1, time)."""
    length = samples.shape[-1]
    squared = F.pad(samples.square(), (0, -length % (2 * HOP)))
    power = F.avg_pool1d(squared, 2 * HOP, HOP, padding=HOP // 2, count_include_pad=False)
    smooth = F.interpolate((power + 1e-14).sqrt(), scale_factor=float(HOP), mode="linear")
    return smooth[..., :length]


def levelled(samples: Tensor) -> Tensor:
    """What the networks see: every band at the same power density; (batch, 1, time) both ways."""
    bins = spectrum(samples)
    power = band_powers(bins)
    bands = bark_bands().to(bins.device)
    floor = RELATIVE_FLOOR * power.sum(dim=1, keepdim=True) + ABSOLUTE_FLOOR
    width = bands.sum(dim=1)[None, :, None]
    gains = bands.T @ (width / (power + floor)).sqrt()
    return _sound(bins * gains, samples.shape[-1])


def shaped(raw: Tensor, host: Tensor, snr_db: Tensor | float) -> Tensor:
    """`raw` laid under `host`, `snr_db` below it over any 20 ms; all (batch, 1, time).

    Raw decides the waveform inside every band, the host how much of it there is.
    """
    # Without this, training learns to out-shout every floor below and whistles through it.
    raw_bins = spectrum(raw / (envelope(raw) + 1e-5))
    host_power = band_powers(spectrum(host))
    ratio = torch.as_tensor(10.0, device=raw.device) ** (
        torch.as_tensor(snr_db, device=raw.device, dtype=torch.float32) / -10.0
    )
    total = host_power.sum(dim=1, keepdim=True)
    bent = (host_power + RELATIVE_FLOOR * total + 1e-14) ** GAMMA
    wanted = ratio * total * bent / bent.sum(dim=1, keepdim=True)
    # Only training begins with marks so loud that the masking rule must bend.
    hidden = (ratio * 10.0 ** (LOUD_TRAINING_DB / 10.0)).clamp(
        min=10.0 ** (-MASKED_BELOW_DB / 10.0)
    )
    wanted = torch.minimum(wanted, host_power * hidden)
    # the last term keeps the root's slope finite where there is nothing to shape
    gains = (wanted / (band_powers(raw_bins) + 1e-8) + 1e-14).sqrt()
    mark = _sound(raw_bins * (bark_bands().to(raw.device).T @ gains), raw.shape[-1])
    # A 40 ms window smears a mark ahead of an attack; 20 ms later the host's own envelope rules.
    ceiling = envelope(host) * ratio.sqrt()
    return mark * (ceiling / (envelope(mark) + 1e-9)).clamp(max=LARGEST_LIFT)


def standing_out(mark: Tensor, host: Tensor) -> Tensor:
    """Noise-to-mask: share of bands and frames where `mark` is not hidden, (batch,).

    A band is a masker for itself and, 10 and 17 dB weaker, for its upper and lower neighbour.
    Bands below about -90 dBFS do not count.
    """
    masker, noise = band_powers(spectrum(host)), band_powers(spectrum(mark))
    spread = masker.clone()
    spread[:, 1:] += 0.10 * masker[:, :-1]
    spread[:, :-1] += 0.02 * masker[:, 1:]
    heard: Tensor = noise > spread * 10.0 ** (-MASKED_BELOW_DB / 10.0) + ABSOLUTE_FLOOR
    return heard.float().mean(dim=(1, 2))
