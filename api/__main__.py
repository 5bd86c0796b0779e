"""Runs the HTTP face: python -m api --state DIR --rpc URL --watermark URL --deployment FILE"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from api.application import Application, Settings
from api.http.app import create_app
from chain.client.errors import ClientError
from chain.settings import SettingsInvalid
from oracle.settings import database_in


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of index and blocks")
    parser.add_argument("--rpc", required=True, help="HTTP address of the EVM node")
    parser.add_argument("--watermark", required=True, help="HTTP address of the watermark process")
    parser.add_argument("--deployment", type=Path, required=True, help="deployment file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8547)
    parser.add_argument(
        "--listener", type=int, metavar="FD", help="an open socket to listen on instead"
    )
    given = parser.parse_args(argv)
    try:
        handed = None if given.listener is None else socket.socket(fileno=given.listener)
    except (OSError, ValueError) as error:
        parser.error(f"--listener {given.listener} is no open socket: {error}")
    try:
        application = Application(
            Settings(
                given.state,
                given.rpc,
                given.watermark,
                given.deployment,
                # From the environment: other users of the machine can read a command line.
                os.environ.get("ANTIPHON_WATERMARK_TOKEN") or None,
                database_in(os.environ),
            )
        )
    except (ClientError, SettingsInvalid) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    config = uvicorn.Config(
        create_app(application), host=given.host, port=given.port, log_level="warning"
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run([handed or config.bind_socket()])
    return 0 if server.started else 1


if __name__ == "__main__":
    raise SystemExit(main())
