"""Notes and their versions."""
