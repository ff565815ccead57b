"""The posts' ranking columns: one row per post in order of writing, kept up to date vote by vote.

Rankers need every post's time and votes at once; gathering them from objects would cost a walk over all
posts each tick. `array.array` grows and is written element by element faster than numpy, and turns into
numpy by one memory copy.
"""

from __future__ import annotations

from array import array
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

NOBODY: Final = -1
"""Author code of a post whose author is unknown."""


class PostTable(NamedTuple):
    """A copy of the columns as arrays of one length, indexed by row."""

    t_us: Ints
    up: Ints
    down: Ints
    visible: Flags
    author: Ints
    community: Ints


class PostColumns:
    """Growing columns over all posts.

    Attributes
    ----------
    ids
        Post id by row.
    author_codes, community_codes
        Small integers that stand for ids in the columns.
    """

    __slots__ = (
        "_author",
        "_community",
        "_down",
        "_t_us",
        "_up",
        "_visible",
        "author_codes",
        "community_codes",
        "ids",
    )

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.author_codes: dict[str, int] = {}
        self.community_codes: dict[str, int] = {}
        self._t_us = array("q")
        self._up = array("q")
        self._down = array("q")
        self._visible = array("b")
        self._author = array("q")
        self._community = array("q")

    def append(self, post_id: str, t_us: int, author: str | None, community: str) -> int:
        """Add a post without votes and return its row."""
        row = len(self.ids)
        self.ids.append(post_id)
        self._t_us.append(t_us)
        self._up.append(0)
        self._down.append(0)
        self._visible.append(1)
        codes = self.author_codes
        self._author.append(NOBODY if author is None else codes.setdefault(author, len(codes)))
        codes = self.community_codes
        self._community.append(codes.setdefault(community, len(codes)))
        return row

    def set_votes(self, row: int, up: int, down: int) -> None:
        """Write the standing votes of one post."""
        self._up[row] = up
        self._down[row] = down

    def hide(self, row: int) -> None:
        """Take a removed post out of every feed."""
        self._visible[row] = 0

    def table(self) -> PostTable:
        """Return the columns as numpy arrays (copies, so that the columns may keep growing)."""
        return PostTable(
            t_us=np.array(self._t_us, dtype=np.int64),
            up=np.array(self._up, dtype=np.int64),
            down=np.array(self._down, dtype=np.int64),
            visible=np.array(self._visible, dtype=np.bool_),
            author=np.array(self._author, dtype=np.int64),
            community=np.array(self._community, dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PostColumns):
            return NotImplemented
        return all(_same(getattr(self, name), getattr(other, name)) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]


def _same(a: Any, b: Any) -> bool:
    return bool(a == b)
