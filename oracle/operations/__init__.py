"""Running an oracle: what it tells monitors and people, and what people may tell it to leave."""
