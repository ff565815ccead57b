"""Threads and time: how talk unfolds, when, and what is looked at."""
