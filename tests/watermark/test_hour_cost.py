"""The scan whose memory and time are reported, on half a minute instead of an hour."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from benchmarks.watermark import hour
from tests.watermark.conftest import plucked_music
from watermark.robustness.attack import Sound
from watermark.robustness.clips import Clip


def test_the_marked_part_of_the_hour_is_found_and_the_process_accounts_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hour, "HOUR_SECONDS", 48)
    monkeypatch.setattr(hour, "MARKED_SECONDS", (16, 32))
    clips = [
        Clip(str(n), Sound(plucked_music(16, rate_hz=22_050, seed=n), 22_050)) for n in range(3)
    ]
    path = tmp_path / "hour.flac"

    own = hour.write_hour(clips, path, ids=200, seed=3)
    cost = hour.scan_in_process(path, "dense")

    assert soundfile.info(path).duration == pytest.approx(48)
    assert cost.named == (own,)
    assert cost.heard_seconds == pytest.approx(48)
    assert 0 < cost.cpu_seconds < cost.wall_seconds * hour.WORKERS + 1
    assert 0 < cost.before_mib <= cost.peak_mib
