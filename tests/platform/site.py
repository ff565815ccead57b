"""A platform to act on in tests: judges, applies and keeps the log, as a society would."""

from __future__ import annotations

from moltarium.agents.interface import Action, CastVote, RemoveTarget, WriteComment, WritePost
from moltarium.sim.limits import PROFILES, Limits
from moltarium.sim.platform import Platform
from moltarium.sim.record.schema import Agent, Community, Event
from moltarium.sim.rules import Refused, Stamp, Verdict, judge

START_US = 1_769_558_400_000_000
"""2026-01-28 00:00 UTC."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Site:
    """A platform, its log and a clock that tests turn by hand."""

    def __init__(self, limits: Limits = PROFILES["none"]) -> None:
        self.platform = Platform()
        self.limits = limits
        self.log: list[Event] = []
        self.now = START_US
        self.step = 1

    @property
    def seq(self) -> int:
        """Number of the next row."""
        return self.platform.last_seq + 1

    def fold(self, *events: Event) -> None:
        """Apply rows and keep them."""
        for event in events:
            self.platform.apply(event)
            self.log.append(event)

    def settle(self, *handles: str) -> None:
        """Open accounts whose ids are their handles in lower case, a year old."""
        for handle in handles:
            created = START_US - 365 * DAY
            self.fold(Agent(self.seq, self.now, self.step, handle.lower(), handle, "", created))

    def found(self, name: str, creator: str | None = None) -> None:
        """Found a community whatever the limits."""
        self.fold(Community(self.seq, self.now, self.step, name, name, "", creator))

    def act(self, actor: str, action: Action) -> Verdict:
        """Judge an action and apply what it leads to."""
        verdict = judge(action, actor, self.platform, self.limits, Stamp(self.seq, self.now, self.step))
        if not isinstance(verdict, Refused):
            self.fold(*verdict)
        return verdict

    def refusal(self, actor: str, action: Action) -> str:
        """Return the category of the refusal that an action meets."""
        verdict = self.act(actor, action)
        assert isinstance(verdict, Refused), f"{action} was allowed"
        return verdict.category

    def post(self, author: str, title: str = "title", body: str = "", community: str = "general") -> str:
        """Write a post and return its id."""
        return self._made(author, WritePost(community, title, body))

    def comment(self, author: str, target: str, body: str = "text") -> str:
        """Write a comment and return its id."""
        return self._made(author, WriteComment(target, body))

    def vote(self, voter: str, target: str, value: int) -> None:
        """Press an arrow."""
        verdict = self.act(voter, CastVote(target, value))
        assert not isinstance(verdict, Refused), verdict

    def remove(self, moderator: str, target: str, reason: str = "spam") -> None:
        """Take a target down."""
        verdict = self.act(moderator, RemoveTarget(target, reason))
        assert not isinstance(verdict, Refused), verdict

    def score(self, target: str) -> int:
        """Return a target's score."""
        return self.platform.targets[target].score

    def _made(self, author: str, action: Action) -> str:
        before = len(self.platform.agents[author].own)
        verdict = self.act(author, action)
        assert not isinstance(verdict, Refused), verdict
        made = self.platform.agents[author].own[before:]
        assert len(made) == 1
        return made[0]
