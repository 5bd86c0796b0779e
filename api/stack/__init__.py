"""Starts the parts of a local Antiphon, in order, and stops every one of them again."""
