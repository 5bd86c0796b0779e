"""Searches archives for marks: hours of audio, flat memory, resumable."""
