"""Training of both marks from synthesised audio alone."""
