"""What the SoK on audio watermarking found to break the schemes it tried.

Rooms, loudspeakers and distance are SIMULATED: decaying noise, band limits and added noise.
"""

from __future__ import annotations

from watermark.robustness.attack import after, changed
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

_SPEAKER = filters.band("bandpass", 150, 7000, order=2)


def suite() -> Suite:
    """Pitch shift (key finding 1), re-recording near and far (6, 7), removal by denoising."""
    source = Source("sok")
    one, whole = source.on_samples, source.on_clip
    near = after(changed(rooms.reverberation(0.3, 6.0)), _SPEAKER, noises.white(30))
    far = after(changed(rooms.reverberation(0.8, -3.0)), _SPEAKER, noises.white(15))
    telephone = after(
        changed(rooms.reverberation(0.4, 3.0)),
        noises.white(20),
        filters.band("bandpass", 300, 3400),
    )
    noisy = changed(noises.white(20))
    return Suite(
        "sok",
        "attacks named by the SoK's key findings",
        (
            one("none", "none", levels.unchanged),
            *(
                whole(f"pitch {cents:+d} cents", "tempo", tempo.shifted(cents / 100))
                for cents in (-400, -200, -100, -50, 50, 100, 200, 400)
            ),
            whole("re-recorded near (SIMULATED)", "room", near),
            whole("re-recorded far (SIMULATED)", "room", far),
            whole("telephone chain", "room", telephone),
            whole("G.722", "codec", codecs.telephone("g722")),
            whole("AMR 12.2 kb/s", "codec", codecs.telephone("amr")),
            whole("mu-law 8 kHz", "codec", codecs.telephone("mulaw")),
            one("spectral gate", "spectrum", spectral.gated()),
            one("Wiener filter", "spectrum", spectral.wiener()),
            one("median of levels, 9 frames", "spectrum", spectral.median_smoothed(9)),
            whole("noise 20 dB, then gate", "spectrum", after(noisy, spectral.gated())),
            whole("noise 20 dB, then Wiener", "spectrum", after(noisy, spectral.wiener())),
            one("trim 1.234 s", "edit", edits.trimmed(1.234)),
            whole("splice of 10 s", "edit", edits.spliced(10)),
            whole("half unmarked runs of 1 s", "adversary", collusion.diluted(0.5, 44_100)),
        ),
        (
            source.left_out("voice conversion", "neural", NO_WEIGHTS),
            source.left_out("neural vocoders and codecs", "neural", NO_WEIGHTS),
            source.left_out("diffusion-prior removal", "neural", NO_WEIGHTS),
        ),
    )
