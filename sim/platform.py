"""The platform: MoltBook-like state as a fold of public rows.

`Platform.apply` is the only mutator; everything else here reads. Folding the same rows in order of ``seq``
gives an equal state (``==``), so nothing is ever saved but rows. Whether an act is *allowed* is decided
before, in `rules.judge`; the fold takes rows as facts, because a snapshot's rows are facts too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeVar

from moltarium.sim.columns import PostColumns
from moltarium.sim.record.mentions import fold_handle, mentioned
from moltarium.sim.record.schema import (
    Agent,
    Comment,
    Community,
    Event,
    Follow,
    Post,
    Removal,
    Subscription,
    Vote,
)
from moltarium.sim.state import NO_ROW, POST_DEPTH, AgentState, CommunityState, NoticeRecord, TargetState

__all__ = ["INBOX_SIZE", "AgentState", "CommunityState", "NoticeRecord", "Platform", "TargetState"]

INBOX_SIZE: Final = 50
"""Notices, and votes on its texts, kept per agent; one that never looks loses the older ones."""

T = TypeVar("T")


class Platform:
    """The site's state after some events.

    Attributes
    ----------
    agents, communities, targets
        State by id. Look, don't touch: `apply` is the only mutator.
    by_handle, by_name
        Agent ids by folded handle, community ids by folded name. The first to take one keeps it.
    columns
        What rankers need of all posts at once.
    version
        Number of events applied.
    last_seq
        ``seq`` of the last of them; −1 before the first.
    unplaced
        Events without effect: they pointed at targets that no row ever made, or made one a second time.
        Always 0 in a simulated run; a snapshot can have some.
    """

    __slots__ = (
        "_agents",
        "_communities",
        "_derived",
        "_ghosts",
        "_handles",
        "_inboxes",
        "_names",
        "_targets",
        "_unfounded",
        "_votes_got",
        "agents",
        "by_handle",
        "by_name",
        "columns",
        "communities",
        "last_seq",
        "targets",
        "unplaced",
        "version",
    )

    def __init__(self) -> None:
        self._agents: dict[str, AgentState] = {}
        self._communities: dict[str, CommunityState] = {}
        self._targets: dict[str, TargetState] = {}
        self._handles: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._inboxes: dict[str, list[NoticeRecord]] = {}
        self._votes_got: dict[str, list[tuple[int, str, int]]] = {}
        self._ghosts: dict[str, AgentState] = {}
        self._unfounded: dict[str, CommunityState] = {}
        self._derived: dict[Hashable, Any] = {}
        self.agents: Mapping[str, AgentState] = self._agents
        self.communities: Mapping[str, CommunityState] = self._communities
        self.targets: Mapping[str, TargetState] = self._targets
        self.by_handle: Mapping[str, str] = self._handles
        self.by_name: Mapping[str, str] = self._names
        self.columns = PostColumns()
        self.version = 0
        self.last_seq = -1
        self.unplaced = 0

    def apply(self, event: Event) -> None:
        """Fold one public row into the state.

        Raises
        ------
        ValueError
            If the event is not later than the last one: tables must be merged by ``seq`` before folding.
        """
        if event.seq <= self.last_seq:
            raise ValueError(f"event {event.seq} after {self.last_seq}: fold rows in order of seq")
        if self._derived:
            self._derived.clear()
        _FOLDS[type(event)](self, event)
        self.last_seq = event.seq
        self.version += 1

    def inbox(self, agent_id: str, since_seq: int = -1) -> list[NoticeRecord]:
        """Return an agent's notices from events after `since_seq`, oldest first, at most `INBOX_SIZE`.

        Replies and mentions that have since been removed are left out.
        """
        return [
            notice
            for notice in self._inboxes.get(agent_id, ())[-INBOX_SIZE:]
            if notice.seq > since_seq
            and (notice.kind == "removal" or not self.hidden(self._targets[notice.target]))
        ]

    def votes_got(self, agent_id: str, since_seq: int = -1) -> dict[str, int]:
        """Return what votes after `since_seq`, of the last `INBOX_SIZE`, did to an agent's texts, by text."""
        changes: dict[str, int] = {}
        for seq, target, change in self._votes_got.get(agent_id, ())[-INBOX_SIZE:]:
            if seq > since_seq:
                changes[target] = changes.get(target, 0) + change
        return changes

    def hidden(self, target: TargetState) -> bool:
        """Whether nobody can see a target: it was removed, or its thread's post was."""
        if target.removed:
            return True
        post = self._targets.get(target.post_id)
        return post is not None and post.removed

    def resolve_agent(self, name: str) -> str | None:
        """Return the id of the account with this id or, failing that, this handle (with or without @)."""
        if name in self._agents:
            return name
        return self._handles.get(fold_handle(name.removeprefix("@")))

    def resolve_community(self, name: str) -> str | None:
        """Return the id of the community with this id or, failing that, this name."""
        if name in self._communities:
            return name
        return self._names.get(name.casefold())

    def derived(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return a value computed from this very state, kept until the next event.

        Thousands of agents are observed between two events, so orders over all posts are worth keeping, and
        they are kept where it is known when they go stale.
        """
        try:
            found: T = self._derived[key]
        except KeyError:
            found = self._derived[key] = compute()
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Platform):
            return NotImplemented
        kept = (name for name in self.__slots__ if name != "_derived")
        return all(getattr(self, name) == getattr(other, name) for name in kept)

    __hash__ = None  # type: ignore[assignment]

    def _account(self, agent_id: str) -> AgentState:
        """Return an account, or what is kept of one that acts before its own row arrives."""
        found = self._agents.get(agent_id) or self._ghosts.get(agent_id)
        if found is None:
            found = self._ghosts[agent_id] = AgentState(agent_id)
        return found

    def _place(self, community_id: str) -> CommunityState:
        """Return a community, or what is kept of one that is used before its own row arrives."""
        found = self._communities.get(community_id) or self._unfounded.get(community_id)
        if found is None:
            found = self._unfounded[community_id] = CommunityState(community_id)
        return found

    def _notify(self, agent_id: str, notice: NoticeRecord) -> None:
        _append_bounded(self._inboxes.setdefault(agent_id, []), notice)

    def _notify_mentioned(self, text: str, target: str, seq: int, *told: str | None) -> None:
        """Notify whom a text mentions, but not those who know of it already (its author, whom it answers)."""
        for agent_id in mentioned(text, self._handles):
            if agent_id not in told:
                self._notify(agent_id, NoticeRecord("mention", target, seq, ""))

    def _fold_agent(self, event: Agent) -> None:
        agent = self._agents.get(event.agent_id)
        if agent is not None:
            self.unplaced += 1
            return
        agent = self._ghosts.pop(event.agent_id, None) or AgentState(event.agent_id)
        agent.handle = event.handle
        agent.bio = event.bio
        agent.created_us = event.t if event.created is None else event.created
        agent.seq = event.seq
        self._agents[event.agent_id] = agent
        self._handles.setdefault(fold_handle(event.handle), event.agent_id)

    def _fold_community(self, event: Community) -> None:
        if event.community_id in self._communities:
            self.unplaced += 1
            return
        community = self._unfounded.pop(event.community_id, None) or CommunityState(event.community_id)
        community.name = event.name
        community.description = event.description
        community.creator = event.creator
        community.t_us = event.t
        community.seq = event.seq
        self._communities[event.community_id] = community
        self._names.setdefault(event.name.casefold(), event.community_id)
        if event.creator is not None:
            account = self._account(event.creator)
            account.founded = _appended(account.founded, event.community_id)

    def _fold_post(self, event: Post) -> None:
        seq, t, _, post_id, author, community, title, body, url = event
        if post_id in self._targets:
            self.unplaced += 1
            return
        row = self.columns.append(post_id, t, author, community)
        self._targets[post_id] = TargetState(
            post_id, post_id, None, POST_DEPTH, author, community, title, body, url, t, seq, row
        )
        place = self._place(community)
        place.posts = _appended(place.posts, post_id)
        if author is not None:
            account = self._account(author)
            account.posts = _appended(account.posts, post_id)
            account.own = _appended(account.own, post_id)
        if "@" in title or "@" in body:
            self._notify_mentioned(f"{title}\n{body}", post_id, seq, author)

    def _fold_comment(self, event: Comment) -> None:
        seq, t, _, comment_id, post_id, parent_id, author, body = event
        targets = self._targets
        if comment_id in targets:
            self.unplaced += 1
            return
        post = targets.get(post_id)
        parent = post if parent_id is None else targets.get(parent_id)
        depth = None if parent is None or parent.depth is None else parent.depth + 1
        community = "" if post is None else post.community
        targets[comment_id] = TargetState(
            comment_id, post_id, parent_id, depth, author, community, "", body, None, t, seq, NO_ROW
        )
        if author is not None:
            account = self._account(author)
            account.comments = _appended(account.comments, comment_id)
            account.own = _appended(account.own, comment_id)
        if post is not None:
            post.n_comments += 1
        if parent is not None:
            if parent is not post:
                parent.n_comments += 1
            parent.children = _appended(parent.children, comment_id)
        answered = parent.author if parent is not None else None
        if answered is not None and answered != author:
            self._notify(answered, NoticeRecord("reply", comment_id, seq, ""))
            if author is not None:
                account = self._account(answered)
                account.answerers = _changed(account.answerers, author, True)
        if "@" in body:
            self._notify_mentioned(body, comment_id, seq, author, answered)

    def _fold_removal(self, event: Removal) -> None:
        target = self._targets.get(event.target)
        if target is None or target.removed:
            self.unplaced += 1
            return
        target.removed = True
        if target.row != NO_ROW:
            self.columns.hide(target.row)
        if target.author is not None and target.author != event.by:
            self._notify(target.author, NoticeRecord("removal", event.target, event.seq, event.reason))

    def _fold_vote(self, event: Vote) -> None:
        seq, _, _, voter, target_id, value = event
        target = self._targets.get(target_id)
        if target is None:
            self.unplaced += 1
            return
        votes = self._account(voter).votes
        before = votes.get(target_id, 0)
        if value == 0:
            votes.pop(target_id, None)
        else:
            votes[target_id] = value
        target.up += (value == 1) - (before == 1)
        target.down += (value == -1) - (before == -1)
        if target.row != NO_ROW:
            self.columns.set_votes(target.row, target.up, target.down)
        if target.author is not None:
            self._account(target.author).karma += value - before
            got = self._votes_got.setdefault(target.author, [])
            _append_bounded(got, (seq, target_id, value - before))

    def _fold_follow(self, event: Follow) -> None:
        source, target = self._account(event.source), self._account(event.target)
        source.following = _changed(source.following, event.target, event.active)
        target.followers = _changed(target.followers, event.source, event.active)

    def _fold_subscription(self, event: Subscription) -> None:
        source, community = self._account(event.source), self._place(event.target)
        source.subscriptions = _changed(source.subscriptions, event.target, event.active)
        community.members = _changed(community.members, event.source, event.active)


def _append_bounded(items: list[T], item: T) -> None:
    items.append(item)
    if len(items) == 2 * INBOX_SIZE:
        del items[:INBOX_SIZE]


def _appended(items: Sequence[str], item: str) -> Sequence[str]:
    """Return a list with one item more: the same one, unless it was the shared empty tuple."""
    if isinstance(items, list):
        items.append(item)
        return items
    return [item]


def _changed(members: AbstractSet[str], member: str, active: bool) -> AbstractSet[str]:
    """Return a set with one member more or less: the same one, unless it was the shared empty set."""
    if not isinstance(members, set):
        return {member} if active else members
    if active:
        members.add(member)
    else:
        members.discard(member)
    return members


_FOLDS: Final[dict[type[Event], Callable[[Platform, Any], None]]] = {
    Agent: Platform._fold_agent,
    Community: Platform._fold_community,
    Post: Platform._fold_post,
    Comment: Platform._fold_comment,
    Removal: Platform._fold_removal,
    Vote: Platform._fold_vote,
    Follow: Platform._fold_follow,
    Subscription: Platform._fold_subscription,
}
