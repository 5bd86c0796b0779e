"""Training of the presence mark."""
