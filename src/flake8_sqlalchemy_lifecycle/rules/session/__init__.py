"""Rules about sessions."""
