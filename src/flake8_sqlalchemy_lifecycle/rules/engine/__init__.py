"""Rules about engines."""
