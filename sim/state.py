"""What the platform knows of each account, community and target, and of each notice in an inbox.

Collections are typed read-only, because only `Platform.apply` changes them, and begin as shared empty ones:
of 100,000 accounts most never found, follow or vote, and empty collections of their own would weigh more than
all the rest of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

POST_DEPTH: Final = -1
"""Depth of a post; a comment on it has depth 0."""

NO_ROW: Final = -1
"""Row in the columns of a comment: only posts have one."""

NONE: Final[AbstractSet[str]] = frozenset()
"""The shared empty set."""


@dataclass(slots=True)
class AgentState:
    """An account."""

    agent_id: str
    handle: str = ""
    bio: str = ""
    created_us: int = 0
    """When the account was made, if known; else when its row was written."""
    seq: int = -1
    karma: int = 0
    """Sum of the scores of its targets, removed ones included."""
    following: AbstractSet[str] = NONE
    followers: AbstractSet[str] = NONE
    answerers: AbstractSet[str] = NONE
    """Accounts that answered a text of its own."""
    subscriptions: AbstractSet[str] = NONE
    """Community ids."""
    votes: dict[str, int] = field(default_factory=dict)
    """Standing votes, −1 or 1, by target; a vote taken back is gone."""
    posts: Sequence[str] = ()
    """Own posts, newest last; likewise its `comments`, all its `own` targets, and what it `founded`."""
    comments: Sequence[str] = ()
    own: Sequence[str] = ()
    founded: Sequence[str] = ()


@dataclass(slots=True)
class CommunityState:
    """A community."""

    community_id: str
    name: str = ""
    description: str = ""
    creator: str | None = None
    t_us: int = 0
    seq: int = -1
    members: AbstractSet[str] = NONE
    posts: Sequence[str] = ()
    """Its posts, newest last, removed ones included."""


@dataclass(slots=True)
class TargetState:
    """A post or a comment."""

    target_id: str
    post_id: str
    """The thread's post; equal to `target_id` for a post."""
    parent: str | None
    """Parent comment; ``None`` for a post and for a comment on the post."""
    depth: int | None
    """−1 for a post, 0 for a comment on it, …; ``None`` where the parent is unknown."""
    author: str | None
    community: str
    """Empty for a comment in an unknown thread."""
    title: str
    body: str
    url: str | None
    t_us: int
    seq: int
    row: int
    """The post's row in `Platform.columns`; −1 for a comment."""
    up: int = 0
    down: int = 0
    n_comments: int = 0
    """Of a post: all comments in its thread; of a comment: direct replies. Removed ones count."""
    removed: bool = False
    children: Sequence[str] = ()
    """Direct replies, oldest first."""

    @property
    def score(self) -> int:
        """Upvotes − downvotes."""
        return self.up - self.down


class NoticeRecord(NamedTuple):
    """Something that happened to an agent."""

    kind: Literal["reply", "mention", "removal"]
    target: str
    """The reply, the mentioning text, or the agent's own removed text."""
    seq: int
    """``seq`` of the event behind it."""
    detail: str
    """A removal's reason; else empty."""
