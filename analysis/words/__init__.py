"""What is said: topics, norms, motives, drift, language."""
