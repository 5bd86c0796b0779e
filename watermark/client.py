"""Talks to the watermark process over HTTP. Needs httpx, no torch.

WatermarkFailure
├── ServiceAway        cannot be reached, or broke off
├── ServiceBusy        too many jobs wait there
│   └── RateLimited    a caller without a token asked too often
├── ServiceSlow        the job was not done in the time given
├── JobLost            the process was restarted; send again
├── IdTaken            the id already marks other audio
├── RequestRefused     a request this client should not have sent
└── ServiceFaulty      it answered something that is not in its contract

Audio that cannot be worked on raises the kinds of `watermark.audio.errors`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx

from watermark.audio.errors import BY_CODE, AudioRefused, AudioTooLarge
from watermark.detection import AudioExamined, Detection, DetectionMalformed, from_json
from watermark.payload import GenerationId

__all__ = [
    "AudioRefused",
    "AudioTooLarge",
    "BatchAnswer",
    "EmbedResult",
    "Health",
    "IdTaken",
    "JobLost",
    "RateLimited",
    "RequestRefused",
    "ServiceAway",
    "ServiceBusy",
    "ServiceFaulty",
    "ServiceSlow",
    "WatermarkClient",
    "WatermarkFailure",
]

Progress = Callable[[float], None]
_FIRST_WAIT_SECONDS: Final = 0.02
_LONGEST_WAIT_SECONDS: Final = 0.5
_SENT_BYTES: Final = 1 << 18


class WatermarkFailure(Exception):
    """The watermark process did not do the work; the message says what to do next."""


class ServiceAway(WatermarkFailure):
    """Cannot be reached, or broke off."""


class ServiceBusy(WatermarkFailure):
    """Too many jobs wait there."""


class RateLimited(ServiceBusy):
    """Asked too often; `retry_seconds` from now it may be asked again."""

    def __init__(self, detail: str, retry_seconds: int = 60) -> None:
        self.retry_seconds = retry_seconds
        super().__init__(detail)


class ServiceSlow(WatermarkFailure):
    """The job was not done in the time given."""


class JobLost(WatermarkFailure):
    """The process no longer knows the job."""


class IdTaken(WatermarkFailure):
    """The id already marks other audio."""


class RequestRefused(WatermarkFailure):
    """The request itself was refused."""


class ServiceFaulty(WatermarkFailure):
    """The answer is not in the contract."""


_FAILURE_OF_CODE: Final[dict[str, type[WatermarkFailure]]] = {
    "busy": ServiceBusy,
    "job-unknown": JobLost,
    "generation-id-taken": IdTaken,
}


@dataclass(frozen=True)
class EmbedResult:
    """A marked copy and what is true of it.

    `audio_bytes` is FLAC; of a recording with 32 bits or floating point it is WAV, as `media_type`
    says.
    """

    audio_bytes: bytes
    generation_id: GenerationId
    key_id: str
    snr_db: float
    noise_to_mask_db: float
    masked_fraction: float
    identity_z: float
    presence_weights_sha256: str | None
    source_pcm_sha256: str
    pcm_sha256: str
    sha256: str
    duration_ms: int
    sample_rate_hz: int
    channels: int
    media_type: str = "audio/flac"

    @property
    def suffix(self) -> str:
        """What a file that holds `audio_bytes` is called at its end."""
        return ".flac" if self.media_type == "audio/flac" else ".wav"


@dataclass(frozen=True)
class BatchAnswer:
    """What was found in one file of a batch, or why it was not searched."""

    name: str
    detection: Detection | None
    refusal: Exception | None


@dataclass(frozen=True)
class Health:
    """What the process says of itself."""

    detector: str
    version: str
    key_id: str
    registered_ids: int
    presence_weights_sha256: str | None


class WatermarkClient:
    """One watermark process at `base_url`; a context manager."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout_seconds: float = 30.0,
        job_timeout_seconds: float = 1800.0,
        token: str | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        """`timeout_seconds` bounds one exchange, `job_timeout_seconds` a whole job.

        `token` is sent with every request: a process with partners answers in full to them alone.
        `http`, if given, is used as it is and closed at the end.
        """
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._job_timeout_seconds = job_timeout_seconds
        self._http = http or httpx.Client(base_url=base_url, timeout=timeout_seconds)

    def __enter__(self) -> WatermarkClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> Health:
        """Raises ServiceAway or ServiceFaulty."""
        answer = self._json(self._send("GET", "/health"))
        try:
            return Health(
                detector=answer["detector"],
                version=answer["version"],
                key_id=answer["key_id"],
                registered_ids=int(answer["registered_ids"]),
                presence_weights_sha256=answer["presence_weights_sha256"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._faulty(error) from error

    def embed(
        self,
        audio: Path | str | bytes,
        generation_id: GenerationId,
        progress: Progress | None = None,
        *,
        name: str | None = None,
    ) -> EmbedResult:
        """Have audio marked. `progress` hears fractions 0..1.

        Raises AudioRefused kinds, IdTaken and the other WatermarkFailure kinds; OSError when
        `audio` is a path that cannot be read.
        """
        job = self._job("/v1/embed", audio, name, progress, generation_id=str(generation_id))
        answer = self._send("GET", f"/v1/jobs/{job['job_id']}/audio")
        marked = answer.content
        try:
            media_type = answer.headers.get("content-type", "audio/flac")
            result = _embed_result(marked, job["result"], media_type)
        except (KeyError, TypeError, ValueError) as error:
            raise self._faulty(error) from error
        if hashlib.sha256(marked).hexdigest() != result.sha256:
            raise ServiceAway("the marked audio arrived damaged; send the request again")
        return result

    def detect(
        self,
        audio: Path | str | bytes,
        progress: Progress | None = None,
        *,
        name: str | None = None,
        speeds: Sequence[float] = (1.0,),
        thorough: bool = True,
    ) -> Detection:
        """Have audio searched for every registered id. `speeds` are playback speeds to undo;

        with `thorough`, others are sought, and changes of tempo and pitch, if these show nothing.

        Raises AudioRefused kinds and WatermarkFailure kinds; OSError as `embed`.
        """
        listed = ",".join(f"{speed:g}" for speed in speeds)
        how = {} if thorough else {"thorough": "false"}
        job = self._job("/v1/detect", audio, name, progress, speeds=listed, **how)
        try:
            return from_json(job["result"])
        except DetectionMalformed as error:
            raise self._faulty(error) from error

    def detect_batch(
        self,
        recordings: Sequence[Path],
        progress: Progress | None = None,
        *,
        thorough: bool = True,
    ) -> list[BatchAnswer]:
        """Have several files searched in one request; an answer for each, in their order.

        Raises WatermarkFailure kinds; OSError as `embed`.
        """
        with ExitStack() as opened:
            files = [
                ("file", (path.name, opened.enter_context(path.open("rb")))) for path in recordings
            ]
            how = {"thorough": str(thorough).lower()}
            job = self._json(self._send("POST", "/v1/detect/batch", params=how, files=files))
        finished = self._finished(job, progress)
        try:
            return [_batch_answer(one) for one in finished["result"]["files"]]
        except (KeyError, TypeError, DetectionMalformed) as error:
            raise self._faulty(error) from error

    def examine(
        self,
        audio: Path | str | bytes,
        progress: Progress | None = None,
        *,
        name: str | None = None,
    ) -> AudioExamined:
        """Have audio read and hashed: what a register states of a recording.

        Raises AudioRefused kinds and WatermarkFailure kinds; OSError as `embed`.
        """
        job = self._job("/v1/examine", audio, name, progress)
        try:
            return AudioExamined(**job["result"])
        except (KeyError, TypeError) as error:
            raise self._faulty(error) from error

    def _job(
        self,
        route: str,
        audio: Path | str | bytes,
        name: str | None,
        progress: Progress | None,
        **query: str,
    ) -> dict[str, Any]:
        given_name = name or ("" if isinstance(audio, bytes) else Path(audio).name)
        body = audio if isinstance(audio, bytes) else _file_chunks(Path(audio))
        answer = self._send("POST", route, params={"name": given_name, **query}, content=body)
        return self._finished(self._json(answer), progress)

    def _finished(self, job: dict[str, Any], progress: Progress | None) -> dict[str, Any]:
        """The job once it is done. Raises what made it fail."""
        deadline = time.monotonic() + self._job_timeout_seconds
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            match job.get("state"):
                case "done":
                    if progress is not None:
                        progress(1.0)
                    return job
                case "failed":
                    raise _failure(job.get("problem"))
                case "queued" | "running":
                    if progress is not None:
                        progress(float(job.get("progress", 0.0)))
                case _:
                    raise self._faulty("a job without a state")
            if time.monotonic() > deadline:
                raise ServiceSlow(f"no result within {self._job_timeout_seconds:g} s; ask for more")
            time.sleep(wait_seconds)
            wait_seconds = min(_LONGEST_WAIT_SECONDS, wait_seconds * 1.5)
            job = self._json(self._send("GET", f"/v1/jobs/{job['job_id']}"))

    def _send(self, method: str, route: str, **how: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, route, headers=self._headers, **how)
        except httpx.HTTPError as error:
            raise ServiceAway(
                f"the watermark process at {self._base_url} does not answer "
                f"({type(error).__name__}); start it with python -m watermark serve"
            ) from error
        if answer.is_success:
            return answer
        problem = self._json(answer)
        if problem.get("code") == "rate-limited":
            seconds = answer.headers.get("retry-after", "60")
            raise RateLimited(
                str(problem.get("detail", "")), int(seconds) if seconds.isdecimal() else 60
            )
        raise _failure(problem)

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            document = answer.json()
        except ValueError as error:
            raise self._faulty(error) from error
        if not isinstance(document, dict):
            raise self._faulty("not a JSON object")
        return document

    def _faulty(self, why: object) -> ServiceFaulty:
        return ServiceFaulty(f"{self._base_url} is not a watermark process of this version: {why}")


def _failure(problem: Any) -> Exception:
    """The exception that a problem+json object stands for."""
    if not isinstance(problem, dict) or "code" not in problem:
        return ServiceFaulty(f"a failure without a code: {str(problem)[:200]}")
    code, detail = str(problem["code"]), str(problem.get("detail", ""))
    if code in BY_CODE:
        return BY_CODE[code](detail)
    if code in _FAILURE_OF_CODE:
        return _FAILURE_OF_CODE[code](detail)
    kind = ServiceFaulty if problem.get("status") == 500 else RequestRefused
    return kind(f"{code}: {detail}")


def _embed_result(marked: bytes, report: dict[str, Any], media_type: str) -> EmbedResult:
    facts = report["marked"]
    return EmbedResult(
        audio_bytes=marked,
        generation_id=GenerationId.parse(report["generation_id"]),
        key_id=report["key_id"],
        snr_db=float(report["snr_db"]),
        noise_to_mask_db=float(report["noise_to_mask_db"]),
        masked_fraction=float(report["masked_fraction"]),
        identity_z=float(report["identity_z"]),
        presence_weights_sha256=report["presence_weights_sha256"],
        source_pcm_sha256=report["source"]["pcm_sha256"],
        pcm_sha256=facts["pcm_sha256"],
        sha256=facts["sha256"],
        duration_ms=int(facts["frames"]) * 1000 // int(facts["sample_rate_hz"]),
        sample_rate_hz=int(facts["sample_rate_hz"]),
        channels=int(facts["channels"]),
        media_type=media_type,
    )


def _batch_answer(line: dict[str, Any]) -> BatchAnswer:
    if "problem" in line:
        return BatchAnswer(str(line["name"]), None, _failure(line["problem"]))
    return BatchAnswer(str(line["name"]), from_json(line["detection"]), None)


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_SENT_BYTES):
            yield chunk
