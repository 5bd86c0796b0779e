"""The HTTP face: JSON under /v1, problem+json for refusals, and one web page over the same data."""
