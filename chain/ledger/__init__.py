"""The vocabulary and the exact arithmetic of the ledger: no I/O, no clock, no environment."""
