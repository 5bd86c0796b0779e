"""What every route is given: the application, and the newest block, of which it then answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from api.application import Application
from chain.client.blocks import BlockPin
from chain.ledger.errors import BadAddress, Malformed
from chain.ledger.identifiers import UINT64_MAX, Address, Digest, address, digest_from_hex

PAGE_MAX = 200
# What the chain counts works and licences by.
ID_MAX = UINT64_MAX


def the_application(request: Request) -> Application:
    application: Application = request.app.state.application
    return application


App = Annotated[Application, Depends(the_application)]


def newest_block(app: App) -> BlockPin:
    """The node's newest block, indexed."""
    return app.refresh()


At = Annotated[BlockPin, Depends(newest_block)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="how many at most")]


def account_of(text: str) -> Address:
    try:
        return address(text)
    except BadAddress as error:
        raise ValueError(str(error)) from error


def digest_of(text: str) -> Digest:
    try:
        return digest_from_hex(text)
    except Malformed as error:
        raise ValueError(str(error)) from error


Account = Annotated[str, AfterValidator(account_of)]
Hash = Annotated[
    Digest,
    PlainValidator(digest_of),
    WithJsonSchema({"type": "string", "pattern": "^(0x)?[0-9a-fA-F]{64}$"}),
]
After = Annotated[int, Query(ge=0, le=ID_MAX, description="ids greater than this")]
