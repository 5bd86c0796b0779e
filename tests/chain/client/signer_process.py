"""A small remote signer as a process of its own, with web3signer's `eth1` routes: it signs
keccak256 of the data it is given, by other code than ours. Told to, it misbehaves.

    python -m tests.chain.client.signer_process KEY_IN_HEXADECIMAL BEHAVIOUR

Prints the port it listens on.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from eth_keys.datatypes import PrivateKey

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def signed(data: bytes, key: PrivateKey, behaviour: str) -> bytes:
    if behaviour == "other-key":
        key = PrivateKey(b"\x07" * 32)
    if behaviour == "prefixes":
        data = b"\x19Ethereum Signed Message:\n" + str(len(data)).encode() + data
    found = key.sign_msg(data)
    r, s, odd = found.r, found.s, found.v
    if behaviour == "high-s":
        s, odd = CURVE_ORDER - s, 1 - odd
    v = odd if behaviour == "small-v" else 27 + odd
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])


def serve(key: PrivateKey, behaviour: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            holds = [] if behaviour == "empty" else ["0x" + key.public_key.to_bytes().hex()]
            self._answer(200, json.dumps(["0x" + "11" * 64, *holds]))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            expected = "/api/v1/eth1/sign/0x" + key.public_key.to_bytes().hex()
            if self.path != expected or behaviour == "locked":
                self._answer(404, "")
            elif behaviour == "garbage":
                self._answer(200, "0xno signature")
            else:
                data = bytes.fromhex(body["data"][2:])
                self._answer(200, "0x" + signed(data, key, behaviour).hex())

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    serve(PrivateKey(bytes.fromhex(sys.argv[1])), sys.argv[2])
