"""Training of the identity mark's networks."""
