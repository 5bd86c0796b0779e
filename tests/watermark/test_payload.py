from __future__ import annotations

import pytest

from watermark.payload import GenerationId, GenerationIdInvalid


def test_an_id_prints_as_sixteen_hexadecimal_digits() -> None:
    assert str(GenerationId(0xF3A91C55D2E870)) == "0x00f3a91c55d2e870"


@pytest.mark.parametrize("value", [0, 1, 2**63, 2**64 - 1])
def test_printing_and_parsing_are_inverse(value: int) -> None:
    assert GenerationId.parse(str(GenerationId(value))) == GenerationId(value)
    assert GenerationId.from_bytes(GenerationId(value).to_bytes()) == GenerationId(value)


def test_the_most_significant_byte_comes_first() -> None:
    assert GenerationId(1).to_bytes() == bytes(7) + b"\x01"


@pytest.mark.parametrize("value", [-1, 2**64, True, 1.0])
def test_a_number_outside_64_bits_is_refused(value: object) -> None:
    with pytest.raises(GenerationIdInvalid) as refusal:
        GenerationId(value)  # type: ignore[arg-type]

    assert refusal.value.offered is value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "00f3a91c55d2e870",
        "0x00f3a91c55d2e87",
        "0x00f3a91c55d2e870\n",
        "0x00f3a91c55d2e87g",
    ],
)
def test_any_other_writing_is_refused(text: str) -> None:
    with pytest.raises(GenerationIdInvalid, match="16 hexadecimal digits"):
        GenerationId.parse(text)


def test_seven_bytes_are_no_id() -> None:
    with pytest.raises(GenerationIdInvalid):
        GenerationId.from_bytes(bytes(7))


def test_fresh_ids_differ() -> None:
    assert len({GenerationId.fresh() for _ in range(100)}) == 100
