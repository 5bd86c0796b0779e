"""Files handed in over HTTP: what is heard in them, and what is made of their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from tests.api.fake_watermark import NAME_CHARACTERS_MAX, FakeWatermark
from tests.api.small_ledger import HOSTILE, JAVANESE, SmallLedger

UNMARKED = b"nothing in it"


def upload(http: TestClient, body: bytes, name: str = "found.mp3") -> dict[str, Any]:
    answer = http.post("/v1/traces", files={"file": (name, body)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_found_copy_leads_to_the_works_and_payees(http: TestClient, ledger: SmallLedger) -> None:
    marked = ledger.filed.marked.read_bytes()

    answer = http.post("/v1/traces", files={"file": ("clip(2).flac", marked)}).json()

    assert (answer["name"], answer["ambiguous"]) == ("clip(2).flac", False)
    (found,) = answer["generations"]
    assert found["generation_id"] == f"0x{ledger.filed.generation_id:016x}"
    assert found["derivative"]["work_id"] == ledger.filed.work_id
    assert found["generation_log"] == str(ledger.filed.manifest)
    assert found["last_step"] == "PAYEES"
    by_work = {parent["work"]["work_id"]: parent for parent in found["parents"]}
    assert set(by_work) == {ledger.javanese.work_id, ledger.hostile.work_id}
    assert by_work[ledger.javanese.work_id]["work"]["titles"][0]["value"] == JAVANESE
    for parent in by_work.values():
        assert parent["licence_was_live"] is True
        address = ledger.devnet.address
        bps = {share["payee"]: share["bps"] for share in parent["split"]}
        assert bps == {address(24): 6_001, address(25): 3_999}


def test_an_unmarked_file_leads_nowhere(http: TestClient) -> None:
    answer = upload(http, UNMARKED)

    assert answer["generations"] == []
    assert answer["detection"]["outcome"] == "unmarked"


def test_an_id_that_was_issued_and_never_linked_is_said_to_be_that(
    http: TestClient, ledger: SmallLedger
) -> None:
    ledger.watermark.marks[b"early copy"] = [(2**64 - 1, 12.5)]

    (found,) = upload(http, b"early copy")["generations"]

    assert found["derivative"] is None
    assert (found["last_step"], found["parents"]) == ("DECODE", [])


def test_a_derivative_whose_log_is_not_held_is_traced_no_further_than_its_record(
    http: TestClient, ledger: SmallLedger
) -> None:
    ledger.watermark.marks[b"old copy"] = [(ledger.heritage.generation_id, 9.0)]

    (found,) = upload(http, b"old copy")["generations"]

    assert found["derivative"]["work_id"] == ledger.heritage.derivative
    assert (found["generation_log"], found["last_step"]) == (None, "RESOLVE")


def test_two_marks_in_one_file_are_called_ambiguous(http: TestClient, ledger: SmallLedger) -> None:
    both = [(int(ledger.filed.generation_id), 14.0), (int(ledger.heritage.generation_id), 11.0)]
    ledger.watermark.marks[b"medley"] = both

    answer = upload(http, b"medley")

    assert answer["ambiguous"] is True
    assert len(answer["generations"]) == 2


def test_a_mark_in_other_audio_is_ambiguous_and_leads_nowhere(
    http: TestClient, ledger: SmallLedger
) -> None:
    ledger.watermark.marks[b"forgery"] = [(int(ledger.filed.generation_id), 14.0)]
    ledger.watermark.carried_over.add(b"forgery")

    answer = upload(http, b"forgery")

    (found,) = answer["generations"]
    assert (answer["ambiguous"], answer["detection"]["outcome"]) == (True, "ambiguous")
    assert found["last_step"] == "DECODE"
    assert "carried over from elsewhere" in found["sound"]


def test_the_page_says_that_a_mark_sits_in_other_audio(
    http: TestClient, ledger: SmallLedger
) -> None:
    ledger.watermark.marks[b"forgery"] = [(int(ledger.filed.generation_id), 14.0)]
    ledger.watermark.carried_over.add(b"forgery")

    page = http.post("/trace", files={"file": ("forgery.mp3", b"forgery")}).text

    assert "the mark sits in other audio than it was made for" in page
    assert "names nobody and pays nobody" in page


def test_a_recording_without_its_mark_is_told_as_a_hint_that_leads_nowhere(
    http: TestClient, ledger: SmallLedger
) -> None:
    ledger.watermark.alike[b"stripped"] = int(ledger.filed.generation_id)

    answer = upload(http, b"stripped")

    assert answer["generations"] == []
    (hint,) = answer["lookalikes"]
    assert f"sounds like generation 0x{ledger.filed.generation_id:016x}" in hint
    assert "never a payment" in hint


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("../../../etc/passwd", "passwd"),
        ("/etc/cron.d/antiphon.wav", "antiphon.wav"),
        ("C:\\Users\\me\\song.mp3", "song.mp3"),
        ("..", "upload"),
        (".", "upload"),
        ("晨鐘迴向.flac", "晨鐘迴向.flac"),
        ("x" * 300 + ".flac", "x" * 55 + ".flac"),
        ("鐘" * 300 + ".flac", "鐘" * 55 + ".flac"),
        ("x." + "y" * 300, "." + "y" * 59),
    ],
)
def test_a_file_name_is_a_label_and_never_a_path(
    http: TestClient, ledger: SmallLedger, sent: str, told: str
) -> None:
    answer = upload(http, UNMARKED, sent)

    assert answer["name"] == told.lstrip(".")
    assert ledger.watermark.names[-1] == told.lstrip(".")
    assert len(ledger.watermark.names[-1]) <= NAME_CHARACTERS_MAX


def test_control_characters_in_a_file_name_are_left_out(
    http: TestClient, ledger: SmallLedger
) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\x00\x1b[31m\x7fb.wav"'
        b"\r\n\r\nnothing in it\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = http.post("/v1/traces", content=form, headers=headers)

    assert answer.status_code == 200
    assert answer.json()["name"] == "a[31mb.wav"


def test_an_upload_over_the_limit_is_refused_while_it_arrives(ledger: SmallLedger) -> None:
    heard = len(ledger.watermark.names)
    app = create_app(ledger.app, body_bytes_max=10_000)
    with TestClient(app, raise_server_exceptions=False) as http:
        declared = http.post("/v1/traces", files={"file": ("long.wav", bytes(20_000))})
        on_the_page = http.post("/trace", files={"file": ("long.wav", bytes(20_000))})
        fits = http.post("/v1/traces", files={"file": ("short.wav", bytes(9_000))})

        def endless() -> Iterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
            for _ in range(20):
                yield bytes(1_000)

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        chunked = http.post("/v1/traces", content=endless(), headers=headers)

    assert fits.status_code == 200
    for answer in (declared, chunked, on_the_page):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "audio-too-large"
        assert "10000 bytes" in answer.json()["detail"]
    assert len(ledger.watermark.names) == heard + 1


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"data": {"file": "not a file"}},
        {"files": {"sound": ("a.wav", b"x")}},
        {"json": {"file": "a.wav"}},
    ],
)
def test_a_request_without_a_file_names_the_field(http: TestClient, given: dict[str, Any]) -> None:
    answer = http.post("/v1/traces", **given)

    assert answer.status_code == 422
    assert answer.json()["code"] == "request-invalid"
    assert answer.json()["detail"].startswith("body.file: ")


def test_a_torn_form_is_refused(http: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = http.post("/v1/traces", content=b"--y\r\nnot a form", headers=headers)

    assert answer.status_code == 400
    assert answer.json()["code"] == "request-refused"


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        ((422, "audio-silent", "nothing to hear"), 422, "audio-silent"),
        ((413, "audio-too-large", "longer than 2 h"), 413, "audio-too-large"),
        ((503, "busy", "try again in a minute"), 503, "watermark-busy"),
        ((404, "job-unknown", "send again"), 503, "watermark-failed"),
        ((500, "internal", "its log says where"), 503, "watermark-failed"),
    ],
)
def test_the_watermark_process_own_refusals_keep_their_code(
    http: TestClient,
    ledger: SmallLedger,
    refusal: tuple[int, str, str],
    status: int,
    code: str,
) -> None:
    ledger.watermark.refusal = refusal

    answer = http.post("/v1/traces", files={"file": ("a.wav", UNMARKED)})
    page = http.post("/trace", files={"file": ("a.wav", UNMARKED)})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert refusal[2] in answer.json()["detail"]
    assert page.status_code == status
    assert "a.wav cannot be traced" in page.text


def test_without_a_watermark_process_only_listening_fails(
    http: TestClient, ledger: SmallLedger
) -> None:
    ledger.watermark.away = True

    for answer in (
        http.post("/v1/traces", files={"file": ("a.wav", UNMARKED)}),
        http.get("/health"),
    ):
        assert answer.status_code == 503
        assert answer.json()["code"] == "watermark-away"
        assert "start it with" in answer.json()["detail"]
    assert http.get("/v1/works").status_code == 200
    assert http.get("/").status_code == 200


def test_the_page_tells_a_trace_in_words_and_escapes_what_it_quotes(
    http: TestClient, ledger: SmallLedger
) -> None:
    marked = ledger.filed.marked.read_bytes()
    name = "<img src=x onerror=alert(1)>.flac"

    found = http.post("/trace", files={"file": (name, marked)})
    none = http.post("/trace", files={"file": (name, UNMARKED)})

    assert found.status_code == none.status_code == 200
    assert "carries a mark" in found.text
    assert f"0x{ledger.filed.generation_id:016x}" in found.text
    assert "No mark found" in none.text
    assert "does not prove" in none.text
    for page in (found, none):
        assert "<img src=x" not in page.text
        assert "&lt;img src=x onerror=alert(1)&gt;.flac" in page.text
    assert HOSTILE not in found.text
    assert "<script" not in found.text


def test_every_verdict_says_what_it_rests_on(http: TestClient, ledger: SmallLedger) -> None:
    marked = ledger.filed.marked.read_bytes()

    found = http.post("/trace", files={"file": ("a.flac", marked)}).text
    none = http.post("/trace", files={"file": ("a.flac", UNMARKED)}).text
    answer = upload(http, marked)

    assert "A file without any mark would look like this less than once in 10⁹ files." in found
    assert "7.3 are asked for" in found
    assert "searched for 12 ids issued here." in found
    assert "searched for 12 ids issued here, also at other speeds and pitches." in none
    for page in (found, none):
        assert 'href="/docs/MISSING_MARK.md"' in page
    (generation,) = answer["generations"]
    assert generation["found_as"] == [
        "a file without any mark would look like this less than once in 10⁹ files",
        "it lies at 0:01-0:19",
        "this copy is played 4.0 % faster, which was undone to read it",
    ]


def test_a_mark_in_other_audio_names_nobody(http: TestClient, ledger: SmallLedger) -> None:
    ledger.watermark.marks[b"forgery"] = [(int(ledger.filed.generation_id), 21.0)]
    ledger.watermark.carried_over.add(b"forgery")

    answer = upload(http, b"forgery")
    page = http.post("/trace", files={"file": ("a.flac", b"forgery")}).text

    assert answer["ambiguous"] is True
    assert answer["generations"][0]["last_step"] == "DECODE"
    assert "Ambiguous: the mark sits in other audio" in page
    assert "names nobody and pays nobody" in page
    assert "<table>" not in page


def test_a_stand_in_that_hears_nothing_is_no_secret(ledger: SmallLedger) -> None:
    # The stand-in must be as strict as the real process where the tests rely on it.
    strict = FakeWatermark()
    with pytest.raises(Exception, match="request-invalid"):
        strict.client().detect(UNMARKED, name="x" * (NAME_CHARACTERS_MAX + 1))
