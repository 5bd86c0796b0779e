"""The outbox's schema, step by step. What has run anywhere is not edited: the next mends it."""
