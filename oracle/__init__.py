"""The oracle: signed evidence in, one quorum-signed report per epoch out, every payee paid.

    with open_oracle(settings) as oracle:                 # or build OracleService yourself
        oracle.file_generation_log(signed_log)             # a platform's EIP-712 paper
        oracle.file_detection(signed_report)               # an operator's; alone it never pays
        oracle.file_segment(body, signature, producer)     # a platform's plays, signed
        oracle.open_epoch_status()                         # what waits, what is withheld and why
        oracle.seal_epoch()                                # segments, report, payouts: fixed
        oracle.collect_signatures()                        # each operator recomputes before signing
        oracle.post_epoch()                                # idempotent; survives kill -9 anywhere
        oracle.activate_and_push()                         # after the window: every payee; other
                                                           # epochs may be posted meanwhile
        oracle.keep_direct_lane()                          # settle and push what payments left
        oracle.tick()                                      # all of it, as far as it goes now
        oracle.status()

`python -m oracle run` ticks for ever; it is the outbox's one worker. Other processes open the
oracle with `roles=()`: they file and read, and leave sealing, signing and sending to it.
Whatever is interrupted goes on where it was: evidence, epochs and signed transactions are in the
outbox before anything leaves the process.
"""

from __future__ import annotations
