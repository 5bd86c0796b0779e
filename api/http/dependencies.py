"""What every route is given: the application, and the newest block, of which it then answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from api.application import Application
from chain.client.blocks import BlockPin

PAGE_MAX = 200
# The chain counts works and licences up from one in 64 bits; the index keeps them in 63.
ID_MAX = 2**63 - 1


def the_application(request: Request) -> Application:
    application: Application = request.app.state.application
    return application


App = Annotated[Application, Depends(the_application)]


def newest_block(app: App) -> BlockPin:
    """The node's newest block, indexed."""
    return app.refresh()


At = Annotated[BlockPin, Depends(newest_block)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="how many at most")]
After = Annotated[int, Query(ge=0, le=ID_MAX, description="ids greater than this")]
