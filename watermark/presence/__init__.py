"""The presence mark: AudioSeal's architecture, which says whether and where, not whose."""
