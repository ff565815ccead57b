"""The rows of one tick, numbered in the order in which they came to be."""

from __future__ import annotations

from moltarium.sim.record.schema import Blob, Row


class Journal:
    """Collects a tick's rows until they are written in one transaction.

    Parameters
    ----------
    next_seq
        Number of the next row: one more than the last that the record holds.
    """

    __slots__ = ("blobs", "next_seq", "rows")

    def __init__(self, next_seq: int) -> None:
        self.next_seq = next_seq
        self.rows: list[Row] = []
        self.blobs: list[Blob] = []

    def number(self) -> int:
        """Return a fresh ``seq``; the caller must add the row that bears it."""
        seq = self.next_seq
        self.next_seq = seq + 1
        return seq

    def take(self) -> tuple[list[Row], list[Blob]]:
        """Hand over what was collected and start afresh."""
        rows, blobs = self.rows, self.blobs
        self.rows, self.blobs = [], []
        return rows, blobs
