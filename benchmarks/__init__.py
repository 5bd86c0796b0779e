"""Measurements beside named peers. A package in name, too: an installed one is called the same."""
