"""A page to listen with: before, after, and ten times the difference, for several clips.

One folder with one HTML page and its sound files; no script from elsewhere, no network, no
tracking. The three sounds of a clip are level with each other in time, so that a switch between
them stays at the same place.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from watermark.audio.errors import AudioRefused
from watermark.audio.quality import Quality, quality
from watermark.audio.waveform import Samples
from watermark.payload import GenerationId
from watermark.robustness.clips import Clip
from watermark.robustness.reader import MarkReader

AMPLIFIED: Final = 10.0
PAGE: Final = "index.html"
_KINDS: Final = (
    ("before", "Before", "the recording as it came"),
    ("after", "After", "with the mark"),
    ("difference", "Difference × 10", "what was added, ten times as loud"),
)


@dataclass(frozen=True)
class Heard:
    """One clip on the page."""

    stem: str
    name: str
    quality: Quality
    named: bool  # whether the id was read back from the marked copy
    clipped: bool  # whether ten times the difference had to be clipped


def write_page(
    clips: Sequence[Clip], reader: MarkReader, ids: Sequence[GenerationId], folder: Path
) -> Path:
    """Mark each clip with its own id, write FLAC files and the page; the page's path.

    A clip that cannot be marked is named on the page with the reason.
    """
    folder.mkdir(parents=True, exist_ok=True)
    heard: list[Heard] = []
    refused: list[tuple[str, str]] = []
    for number, (clip, generation_id) in enumerate(zip(clips, ids, strict=False), 1):
        try:
            marked, _ = reader.mark(clip.sound, generation_id)
        except AudioRefused as refusal:
            refused.append((clip.name, str(refusal)))
            continue
        original, rate_hz = clip.sound
        difference = AMPLIFIED * (marked - original)
        stem = f"clip-{number:02d}"
        for (kind, _, _), samples in zip(_KINDS, (original, marked, difference), strict=True):
            _write(folder / f"{stem}-{kind}.flac", samples, rate_hz)
        found = reader.read(type(clip.sound)(marked, rate_hz), seek_geometry=False)
        heard.append(
            Heard(
                stem=stem,
                name=clip.name,
                quality=quality(original, marked, rate_hz),
                named=any(one.generation_id == generation_id for one in found.identities),
                clipped=bool(np.abs(difference).max() > 1),
            )
        )
    page = folder / PAGE
    page.write_text("\n".join(_page(heard, refused)) + "\n", "utf-8")
    return page


def _write(path: Path, samples: Samples, rate_hz: int) -> None:
    soundfile.write(path, np.clip(samples, -1, 1), rate_hz, subtype="PCM_16")


def _page(heard: Sequence[Heard], refused: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield '<head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Antiphon: hear the mark</title><style>{_STYLE}</style></head>"
    yield "<body><main>"
    yield "<h1>Can you hear the mark?</h1>"
    yield (
        "<p>Each recording below is here three times: as it came, with Antiphon’s mark in it, and "
        "as the difference between the two, ten times (20 dB) louder than it is. Use good "
        "headphones. Starting one sound pauses the others and keeps the place, so you can switch "
        "to and fro.</p>"
    )
    for number, one in enumerate(heard, 1):
        yield from _section(number, one)
    for name, reason in refused:
        yield f"<section><h2>{html.escape(name)}</h2>"
        yield f"<p>This recording could not be marked: {html.escape(reason)}</p></section>"
    yield f"</main><script>{_SCRIPT}</script></body></html>"


def _section(number: int, one: Heard) -> Iterator[str]:
    title = f"clip-{number}-title"
    yield f'<section aria-labelledby="{title}">'
    yield f'<h2 id="{title}">{number}. {html.escape(one.name)}</h2>'
    for kind, label, about in _KINDS:
        control = f"{one.stem}-{kind}"
        yield '<div class="sound">'
        yield f'<label for="{control}"><strong>{label}</strong> <span>{about}</span></label>'
        yield (
            f'<audio id="{control}" controls preload="metadata" src="{control}.flac" '
            f'aria-label="{html.escape(one.name)}: {label}">'
            f'<a href="{control}.flac">{control}.flac</a></audio>'
        )
        yield "</div>"
    ratio = one.quality.noise_to_mask
    facts = (
        ("Signal to noise", f"{one.quality.snr_db:.1f} dB"),
        ("Under the masking threshold", f"{100 * ratio.masked:.1f} % of the spectrum"),
        ("Id read back from this copy", "yes" if one.named else "NO"),
    )
    yield "<dl>"
    for name, value in facts:
        yield f"<div><dt>{name}</dt><dd>{value}</dd></div>"
    yield "</dl>"
    if one.clipped:
        yield "<p>Ten times the difference passed full scale here and was clipped.</p>"
    yield "</section>"


_STYLE: Final = """
:root { color-scheme: light dark; --edge: #8a8a8a; }
body { font: 1.05rem/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem; }
section { border-top: 1px solid var(--edge); padding: 1rem 0; }
h2 { font-size: 1.1rem; overflow-wrap: anywhere; }
.sound { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .6rem 0; }
.sound label { flex: 1 1 14rem; }
.sound span { display: block; font-size: .9rem; }
audio { flex: 2 1 20rem; width: 100%; min-height: 2.75rem; }
audio:focus-visible { outline: 3px solid #0072b2; outline-offset: 2px; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .8rem 0 0; font-size: .9rem; }
dt { font-weight: 600; } dd { margin: 0; }
"""

# Without it the page still plays; with it one sound pauses the others of its clip and takes over
# their place.
_SCRIPT: Final = """
for (const section of document.querySelectorAll('section')) {
  const sounds = [...section.querySelectorAll('audio')];
  for (const sound of sounds) {
    sound.addEventListener('play', () => {
      for (const other of document.querySelectorAll('audio')) {
        if (other !== sound && !other.paused) {
          if (sounds.includes(other)) sound.currentTime = other.currentTime;
          other.pause();
        }
      }
    });
  }
}
"""
