"""The built-in recordings: their titles, who is said to hold them, and how they are made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import soundfile

from watermark.synthesis.chant import deep_chant, sutra
from watermark.synthesis.gamelan import balinese, javanese
from watermark.synthesis.mixing import Signal
from watermark.synthesis.sikuri import feast_day, high_pass

CATALOGUE_FILE = "catalogue.json"
NOTE = (
    "Synthesised by this repository from arithmetic alone. The pieces, their titles and the "
    "communities are invented; no tradition, community or performer made or approved them, and "
    "the spellings have not been reviewed by native readers."
)
LONGEST_SECONDS = 600.0
SHORTEST_SECONDS = 8.0
RATES_HZ = (8000, 192000)
SEED_STRIDE = 1009  # keeps the pieces of one catalogue seed apart from those of the next


class CatalogueRefused(ValueError):
    """The catalogue cannot be written as asked; the message names the bound."""


@dataclass(frozen=True)
class Title:
    """A title in one language; `script` is its ISO 15924 code, `language` its BCP 47 tag."""

    text: str
    language: str
    script: str


@dataclass(frozen=True)
class Piece:
    """One built-in recording before it is rendered."""

    slug: str
    tradition: str
    community: str
    titles: tuple[Title, ...]
    meaning: str
    compose: Callable[[float, int, int], Signal]


PIECES = (
    Piece(
        "lancaran-kembang-esuk",
        "Central Javanese gamelan, slendro",
        "Sanggar Tirta Wening (invented)",
        (
            Title("ꦭꦚ꧀ꦕꦫꦤ꧀ꦏꦼꦩ꧀ꦧꦁꦲꦺꦱꦸꦏ꧀", "jv", "Java"),
            Title("Lancaran Kembang Esuk", "jv-Latn", "Latn"),
        ),
        "Morning flower",
        javanese,
    ),
    Piece(
        "angin-sagara",
        "Balinese gamelan, pelog selisir",
        "Sekaa Gong Angin Sagara (invented)",
        (Title("ᬳᬗᬶᬦ᭄ᬲᬕᬭ", "ban", "Bali"), Title("Angin Sagara", "ban-Latn", "Latn")),
        "Sea wind",
        balinese,
    ),
    Piece(
        "chenzhong-huixiang",
        "Buddhist recitation with wooden fish and bell",
        "Hall of the Quiet Bell 靜鐘堂 (invented)",
        (
            Title("晨鐘迴向", "zh-Hant", "Hant"),
            Title("Chénzhōng huíxiàng", "zh-Latn", "Latn"),
            Title("प्रभातघण्टापरिणामना", "sa", "Deva"),
            Title("Prabhātaghaṇṭāpariṇāmanā", "sa-Latn", "Latn"),
        ),
        "Dedication at the morning bell",
        sutra,
    ),
    Piece(
        "ri-boi-smon-lam",
        "Himalayan low-voiced chant with drum and cymbals",
        "Assembly of the Snow Ridge གངས་སྒང (invented)",
        (Title("རི་བོའི་སྨོན་ལམ", "bo", "Tibt"), Title("Ri bo'i smon lam", "bo-Latn", "Latn")),
        "Aspiration of the mountain",
        deep_chant,
    ),
    Piece(
        "wayra-thakhi",
        "Andean sikuri, paired panpipes",
        "Comunidad Wayra Pata (invented)",
        (Title("Wayra Thakhi", "ay", "Latn"), Title("Sendero del viento", "es", "Latn")),
        "Path of the wind",
        high_pass,
    ),
    Piece(
        "inti-paqariy",
        "Andean sikuri, paired panpipes",
        "Ayllu Inti Paqariy (invented)",
        (Title("Inti Paqariy", "qu", "Latn"), Title("Amanecer del sol", "es", "Latn")),
        "Sunrise",
        feast_day,
    ),
)


def write_catalogue(
    folder: Path, *, seconds: float = 40.0, sample_rate_hz: int = 44100, seed: int = 1
) -> Path:
    """Render every piece to 16-bit FLAC in `folder` and return the path of its `catalogue.json`.

    The same arguments give the same samples. Each file appears under its name only when whole, and
    the catalogue last, so a reader never meets half a recording.

    Raises CatalogueRefused when the length, the rate or the seed is outside what the pieces are
    made for.
    """
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise CatalogueRefused(
            f"--seconds must lie in {SHORTEST_SECONDS:g}..{LONGEST_SECONDS:g}, not {seconds:g}"
        )
    if not RATES_HZ[0] <= sample_rate_hz <= RATES_HZ[1]:
        raise CatalogueRefused(
            f"--rate must lie in {RATES_HZ[0]}..{RATES_HZ[1]} Hz, not {sample_rate_hz}"
        )
    if seed < 0:
        raise CatalogueRefused(f"--seed must be 0 or more, not {seed}")
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for number, piece in enumerate(PIECES):
        recording = piece.compose(seconds, sample_rate_hz, seed * SEED_STRIDE + number)
        name = f"{piece.slug}.flac"
        unfinished = folder / f".{name}"
        soundfile.write(unfinished, recording.T, sample_rate_hz, format="FLAC", subtype="PCM_16")
        unfinished.replace(folder / name)
        entries.append(_entry(piece, name, seconds, sample_rate_hz, seed))
    document = {"synthesised": True, "note": NOTE, "seed": seed, "recordings": entries}
    unfinished = folder / f".{CATALOGUE_FILE}"
    unfinished.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return unfinished.replace(folder / CATALOGUE_FILE)


def _entry(
    piece: Piece, name: str, seconds: float, sample_rate_hz: int, seed: int
) -> dict[str, object]:
    return {
        "file": name,
        "slug": piece.slug,
        "tradition": piece.tradition,
        "community": piece.community,
        "titles": [asdict(title) for title in piece.titles],
        "meaning": piece.meaning,
        "seconds": seconds,
        "sample_rate_hz": sample_rate_hz,
        "synthesised": True,
        "seed": seed,
    }
