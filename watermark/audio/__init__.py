"""Audio files as bounded streams, and what is said of one that cannot be worked on."""
