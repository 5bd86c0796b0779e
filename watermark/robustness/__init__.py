"""What the marks survive: distortions, surveys and the tables made of them."""
