"""The watermark process: jobs over HTTP, its state and its settings."""
