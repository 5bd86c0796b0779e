"""One module per suite: which attacks, how strong, and what of the published list is not run."""
