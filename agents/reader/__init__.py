"""Emotion from text: a leaf that imports nothing of ours, so that agents and analyses read alike."""

from __future__ import annotations

from moltarium.agents.reader.cleaning import clean
from moltarium.agents.reader.labels import EKMAN, EKMAN_OF, FINE
from moltarium.agents.reader.reading import Reader, Reading, load_reader
from moltarium.agents.reader.weights import Weights

__all__ = ["EKMAN", "EKMAN_OF", "FINE", "Reader", "Reading", "Weights", "clean", "load_reader"]
