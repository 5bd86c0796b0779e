"""Kills, reorganisations and lying nodes against the real relay, on a real node."""
