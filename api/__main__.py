"""Runs the HTTP face: python -m api --state DIR --rpc URL --watermark URL --deployment FILE"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import uvicorn

from api.application import Application, Settings
from api.http.app import create_app
from chain.client.errors import ClientError


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of index and blocks")
    parser.add_argument("--rpc", required=True, help="HTTP address of the EVM node")
    parser.add_argument("--watermark", required=True, help="HTTP address of the watermark process")
    parser.add_argument("--deployment", type=Path, required=True, help="deployment file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8547)
    given = parser.parse_args(argv)
    try:
        application = Application(
            Settings(
                given.state,
                given.rpc,
                given.watermark,
                given.deployment,
                # From the environment: other users of the machine can read a command line.
                os.environ.get("ANTIPHON_WATERMARK_TOKEN") or None,
            )
        )
    except ClientError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    uvicorn.run(create_app(application), host=given.host, port=given.port, log_level="warning")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
