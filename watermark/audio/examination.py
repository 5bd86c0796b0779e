"""Reads files from strangers in a process of its own, so that a decoder that crashes harms nobody.

`Examiner` sends a path to a small process without torch, which forks for every file, limits the
memory and processor time of the fork, and reads the header or decodes the whole file there. What
was decoded once to its end can be decoded again in the caller's process: decoders are
deterministic.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from watermark.audio.errors import BY_CODE, AudioRefused, AudioTooCostly, AudioUnreadable
from watermark.audio.files import AudioFacts, AudioFile, AudioLimits

_MEMORY_BYTES: Final = 1 << 30  # of address space, over what the process has when it forks
_GRACE_SECONDS: Final = 5.0  # hashing and start, on top of decoding
_WALL_FACTOR: Final = 6.0  # on a busy machine; a fork that sleeps is ended by this
_ANSWER_BYTES_MAX: Final = 4096
_PART_BYTES_MAX: Final = 1 << 28  # 40 s of 8 channels at 192 kHz


@dataclass(frozen=True)
class PartWanted:
    """Which frames of a file to decode, and where to."""

    first_frame: int
    frames: int
    into: Path


@dataclass(frozen=True)
class PartDecoded:
    """How many frames there were, and what they are."""

    frames: int
    sample_rate_hz: int
    channels: int


class Examiner:
    """Keeps one examining process and asks it; threads take turns."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def open(self, path: Path, limits: AudioLimits, name: str | None = None) -> AudioFile:
        """As `AudioFile`, after its header was read elsewhere. A crash there is AudioUnreadable."""
        self._answer_about(path, limits, name, whole=False)
        return AudioFile(path, limits, name=name)

    def examine(self, audio: AudioFile) -> AudioFacts:
        """As `AudioFile.examine`, elsewhere. A crash there is AudioUnreadable."""
        facts = self._answer_about(audio.path, audio.limits, audio.name, whole=True)
        return AudioFacts(**facts)

    def _answer_about(
        self,
        path: Path,
        limits: AudioLimits,
        name: str | None,
        *,
        whole: bool,
        part: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        question = {
            "path": str(path.resolve()),
            "name": name if name is not None else path.name,
            "limits": asdict(limits),
            "whole": whole,
            "part": part,
        }
        wall_seconds = _WALL_FACTOR * (limits.decode_seconds_max + _GRACE_SECONDS)
        with self._turn:
            answer = self._ask(json.dumps(question).encode() + b"\n", wall_seconds)
        if "facts" not in answer:
            raise BY_CODE[answer["code"]](answer["detail"])
        facts: dict[str, Any] = answer["facts"]
        return facts

    def decode(self, path: Path, limits: AudioLimits, part: PartWanted) -> PartDecoded:
        """Decode some frames of a file that may still be arriving, to raw float32 in `part.into`.

        Where the bytes end, decoding ends: that is no refusal. Raises AudioRefused kinds for what
        cannot be read at all.
        """
        wanted = {"first_frame": part.first_frame, "frames": part.frames, "into": str(part.into)}
        facts = self._answer_about(path, limits, "", whole=False, part=wanted)
        return PartDecoded(**facts)

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _ask(self, question: bytes, wall_seconds: float) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "watermark.audio.examination"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # decoders print warnings of their own
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
            ready, _, _ = select.select([self._process.stdout], [], [], wall_seconds)
            line = self._process.stdout.readline(_ANSWER_BYTES_MAX) if ready else b""
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as error:
            self._end()
            raise AudioUnreadable(
                "the examining process ended over this file; it may be damaged: export it again"
            ) from error
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def answer_questions() -> None:
    """Answer questions from standard input, one fork each, until there are no more."""
    for line in sys.stdin.buffer:
        question = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _examine_here(question, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) or not answer:
            answer = _failure(_refusal_of(status)).encode()
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()


def _examine_here(question: dict[str, Any], writing: int) -> None:
    """In the fork: set limits, decode, answer, and end without the parent's clean-up."""
    limits = AudioLimits(**question["limits"])
    part = question["part"]
    _limit_process(limits.decode_seconds_max, _PART_BYTES_MAX if part else 0)
    try:
        answer = json.dumps({"facts": _facts_of(question, limits)})
    except AudioRefused as refusal:
        answer = _failure(refusal)
    except (MemoryError, OSError) as error:
        answer = _failure(AudioUnreadable(f"cannot be read ({type(error).__name__})"))
    os.write(writing, answer.encode())
    os._exit(0)


def _facts_of(question: dict[str, Any], limits: AudioLimits) -> dict[str, Any]:
    path = Path(question["path"])
    if question["part"]:
        return asdict(_decode_part(path, limits, **question["part"]))
    audio = AudioFile(path, limits, name=question["name"])
    return asdict(audio.examine()) if question["whole"] else {}


def _decode_part(
    path: Path, limits: AudioLimits, first_frame: int, frames: int, into: str
) -> PartDecoded:
    audio = AudioFile(path, limits, name="", arriving=True)
    done = 0
    with Path(into).open("wb") as file:
        try:
            for block in audio.excerpt(first_frame, frames).blocks():
                file.write(block.astype("<f4").tobytes())
                done += len(block)
        except AudioUnreadable:
            if first_frame + done == 0:
                raise
    return PartDecoded(done, audio.sample_rate_hz, audio.channels)


def _limit_process(decode_seconds: float, file_bytes: int) -> None:
    seconds = int(2 * decode_seconds + _GRACE_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + _MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    signal.signal(signal.SIGXCPU, _stop_for_time)
    signal.alarm(int(_WALL_FACTOR * (decode_seconds + _GRACE_SECONDS)))


def _stop_for_time(_number: int, _frame: FrameType | None) -> None:
    raise AudioTooCostly("decoding takes too much processor time; cut the file into parts")


def _refusal_of(status: int) -> AudioRefused:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGALRM):
        return AudioTooCostly("decoding did not end in time; export the file again")
    return AudioUnreadable("the decoder crashed over this file; it is damaged: export it again")


def _failure(refusal: AudioRefused) -> str:
    return json.dumps({"code": refusal.code, "detail": refusal.detail})


if __name__ == "__main__":
    answer_questions()
