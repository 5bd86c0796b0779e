"""The audit bundle: one file from which anybody recomputes every payout, with no node and none of
our code. `export` writes it; what reads it is in `verifier`, and imports nothing of ours."""
