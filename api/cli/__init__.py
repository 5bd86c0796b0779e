"""The `antiphon` command line: the same facts as the HTTP face, for people and for pipes."""
