"""The grammar that all manifests share: closed records, typed fields, faults with their place.

Wire names are camelCase, Python names snake_case. Every field is checked by type and by form, an
unknown key is refused, and an absent optional field is absent on the wire too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from chain.provenance.canonical import INTEGER_MAX, ITEMS_MAX, Value, with_links
from chain.provenance.cid import Cid
from chain.provenance.errors import CidMalformed, ManifestInvalid

Fault = tuple[tuple[str | int, ...], str]
T = TypeVar("T")

READING: Final = {"reading": True}
"""Validation context of a manifest that is read: faults keep their path up to the envelope."""

UINT256_MAX: Final = 2**256 - 1
TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
DECIMAL_TEXT: Final = re.compile(r"0|[1-9][0-9]{0,77}")


def _link(value: object) -> Cid:
    if not isinstance(value, Cid):
        raise PydanticCustomError("link", "must be a link (a Cid)")
    return value


def _link_or_citation(value: object) -> Cid | str:
    if isinstance(value, Cid):
        return value
    if isinstance(value, str):
        return _cited_cid(value)
    raise PydanticCustomError("link", "must be a link (a Cid) or a cited content id (text)")


def _wire_of_reference(value: Cid | str) -> bytes | str:
    return value.to_bytes() if isinstance(value, Cid) else value


def _cited_cid(text: str) -> str:
    try:
        cid = Cid.parse(text)
    except CidMalformed as error:
        raise PydanticCustomError("cid", "{reason}", {"reason": str(error)}) from error
    if str(cid) != text:
        raise PydanticCustomError("cid", "write it as {printed}", {"printed": str(cid)})
    return text


def _whole_number(value: object) -> object:
    """Accept an int from Python and decimal text from the wire, never text that rounds."""
    if isinstance(value, str) and DECIMAL_TEXT.fullmatch(value):
        return int(value)
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _time(value: object) -> object:
    if isinstance(value, str):
        try:
            return datetime.strptime(value, TIME_FORMAT).replace(tzinfo=UTC)
        except ValueError as error:
            reason = "must be UTC to the second, like 2026-01-31T12:00:00Z"
            raise PydanticCustomError("time", reason) from error
    return value


def _utc_second(time: datetime) -> datetime:
    if time.tzinfo is None or time.utcoffset():
        raise PydanticCustomError("time", "must be aware and in UTC")
    if time.microsecond:
        raise PydanticCustomError("time", "must be a whole second")
    return time


# A link: whoever pins the manifest replicates what it points at. For public content only.
Link = Annotated[Cid, PlainValidator(_link), PlainSerializer(Cid.to_bytes)]
# A citation: names content by its id without making anyone copy it.
CitedCid = Annotated[str, AfterValidator(_cited_cid)]
LinkOrCitation = Annotated[
    Cid | str, PlainValidator(_link_or_citation), PlainSerializer(_wire_of_reference)
]

Text = Annotated[str, StringConstraints(min_length=1, max_length=8192)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=256)]
# BCP 47, by form: the registry of subtags changes, the bytes must not.
Language = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)
]
# SHA-256 as the chain prints a bytes32.
Digest = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]
Address = Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=r"^0x[0-9a-f]{40}$")]
# CAIP-10: an account and the chain it is on.
Account = Annotated[
    str,
    BeforeValidator(_lower),
    StringConstraints(pattern=r"^eip155:[1-9][0-9]{0,31}:0x[0-9a-f]{40}$"),
]
# The 64 random bits a mark carries.
GenerationHex = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{16}$")]
Count = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
# Whole numbers of any size, ids and money included: decimal text on the wire.
Uint = Annotated[
    int, BeforeValidator(_whole_number), Field(ge=0, le=UINT256_MAX), PlainSerializer(str)
]
# A measured ratio or threshold, to be shown and compared as text: floats have no one spelling.
Decimal = Annotated[str, StringConstraints(pattern=r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$")]
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    AfterValidator(_utc_second),
    PlainSerializer(lambda time: time.strftime(TIME_FORMAT)),
]
Listing = Annotated[tuple[T, ...], Field(strict=False, max_length=ITEMS_MAX)]
NonEmpty = Annotated[tuple[T, ...], Field(strict=False, min_length=1, max_length=ITEMS_MAX)]
# An enum member is its text on the wire.
Member = Annotated[T, Field(strict=False)]


class Record(BaseModel):
    """A closed record. Building one raises ManifestInvalid with every fault and its path."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )

    def contradictions(self) -> Iterator[Fault]:
        """Rules that span fields: yield (path inside this record, reason) for each broken one."""
        yield from ()

    def to_value(self) -> dict[str, Value]:
        """The record as canonical encoding takes it: wire names, absent for None, links as Cid."""
        value = with_links(self.model_dump(by_alias=True, exclude_none=True))
        assert isinstance(value, dict)
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_in_our_words(
        cls, value: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo
    ) -> Any:
        try:
            record = handler(value)
            details = [
                InitErrorDetails(
                    type=PydanticCustomError("rule", "{why}", {"why": why}), loc=path, input=value
                )
                for path, why in record.contradictions()
            ]
            if details:
                raise ValidationError.from_exception_data(cls.__name__, details)
        except ValidationError as error:
            if info.context is READING:
                raise
            raise ManifestInvalid(cls.__name__, faults_of(error)) from error
        return record


def faults_of(error: ValidationError) -> tuple[tuple[str, str], ...]:
    """Every (path, reason) of a failed validation, paths written as `body.title[0].lang`.

    A container is not blamed for the fault of an item inside it.
    """
    faults = error.errors()
    places = {fault["loc"][:depth] for fault in faults for depth in range(len(fault["loc"]))}
    return tuple((_path(f["loc"]), f["msg"]) for f in faults if f["loc"] not in places)


def _path(loc: tuple[str | int, ...]) -> str:
    return "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in loc).lstrip(".")
