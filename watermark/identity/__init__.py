"""The identity mark: keyed cells in time and frequency that name a 64-bit generation id."""
