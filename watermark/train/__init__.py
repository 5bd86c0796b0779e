"""Training of the compact presence mark on audio that the repository synthesises itself."""
