"""Whatever agents do, in whatever order: the platform's numbers add up, and the log gives the state."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from moltarium.agents.interface import (
    Action,
    CastVote,
    FoundCommunity,
    RemoveTarget,
    SetFollow,
    SetSubscription,
    WriteComment,
    WritePost,
)
from moltarium.sim.limits import PROFILES, allowance
from moltarium.sim.platform import INBOX_SIZE, Platform
from moltarium.sim.ranking import RANKERS, order_comments
from moltarium.sim.record.schema import Vote
from moltarium.sim.rules import CATEGORIES, Refused
from moltarium.sim.streams import Purpose, stream
from tests.platform.site import SECOND, Site

AGENTS = ("ada", "bob", "cyd", "dan")
COMMUNITIES = ("general", "second", "third", "BAD NAME")
agents = st.sampled_from(AGENTS)
places = st.integers(0, 200)
texts = st.text(max_size=12) | st.sampled_from(["hi @Bob", "@ada @CYD!", "a@dan", "@nobody"])


class Society(RuleBasedStateMachine):
    """Random acts through judge and apply."""

    @initialize(profile=st.sampled_from(sorted(PROFILES)))
    def settle(self, profile: str) -> None:
        self.site = Site(replace(PROFILES[profile], moderation=True))
        self.site.settle("Ada", "Bob", "Cyd", "Dan")
        self.site.found("general", "ada")

    def _act(self, actor: str, action: Action) -> None:
        before = self.site.seq
        verdict = self.site.act(actor, action)
        if isinstance(verdict, Refused):
            assert verdict.category in CATEGORIES
            assert self.site.seq == before
        else:
            assert [event.seq for event in verdict] == list(range(before, before + len(verdict)))

    def _target(self, place: int) -> str:
        ids = list(self.site.platform.targets)
        return ids[place % len(ids)] if ids else "p0"

    @rule(seconds=st.sampled_from([1, 20, 60, 1800, 7200, 86_400]))
    def wait(self, seconds: int) -> None:
        self.site.now += seconds * SECOND

    @rule(actor=agents, community=st.sampled_from(COMMUNITIES), title=texts, body=texts)
    def post(self, actor: str, community: str, title: str, body: str) -> None:
        before = len(self.site.platform.agents[actor].posts)
        allowed = allowance(self.site.platform, actor, self.site.now, self.site.limits)
        self._act(actor, WritePost(community, title, body))
        if not allowed.post:
            assert len(self.site.platform.agents[actor].posts) == before
            assert allowed.wait_s > 0

    @rule(actor=agents, place=places, body=texts)
    def comment(self, actor: str, place: int, body: str) -> None:
        self._act(actor, WriteComment(self._target(place), body))

    @rule(actor=agents, body=texts)
    def answer_the_last(self, actor: str, body: str) -> None:
        self._act(actor, WriteComment(self._target(-1), body))

    @rule(actor=agents, place=places, value=st.sampled_from([-1, 1]))
    def vote(self, actor: str, place: int, value: int) -> None:
        self._act(actor, CastVote(self._target(place), value))

    @rule(actor=agents, other=agents, active=st.booleans())
    def follow(self, actor: str, other: str, active: bool) -> None:
        self._act(actor, SetFollow(other, active))

    @rule(actor=agents, community=st.sampled_from(COMMUNITIES), active=st.booleans())
    def subscribe(self, actor: str, community: str, active: bool) -> None:
        self._act(actor, SetSubscription(community, active))

    @rule(actor=agents, name=st.sampled_from(COMMUNITIES))
    def found(self, actor: str, name: str) -> None:
        self._act(actor, FoundCommunity(name, ""))

    @rule(actor=agents, place=places)
    def remove(self, actor: str, place: int) -> None:
        self._act(actor, RemoveTarget(self._target(place), "because"))

    @invariant()
    def votes_add_up(self) -> None:
        platform = self.site.platform
        standing: dict[tuple[str, str], int] = {}
        for event in self.site.log:
            if isinstance(event, Vote):
                standing[event.voter, event.target] = event.value
        up = Counter(target for (_, target), value in standing.items() if value == 1)
        down = Counter(target for (_, target), value in standing.items() if value == -1)
        table = platform.columns.table()
        for name, target in platform.targets.items():
            assert (target.up, target.down) == (up[name], down[name])
            assert target.score == target.up - target.down
            assert standing.get((target.author or "", name), 0) == 0
            if target.row >= 0:
                assert (table.up[target.row], table.down[target.row]) == (target.up, target.down)
                assert table.visible[target.row] == (not target.removed)
        for agent in platform.agents.values():
            assert agent.karma == sum(platform.targets[name].score for name in agent.own)
            assert agent.votes == {
                t: v for (voter, t), v in standing.items() if voter == agent.agent_id and v
            }

    @invariant()
    def threads_hang_together(self) -> None:
        targets = self.site.platform.targets
        replies = Counter(t.parent or t.post_id for t in targets.values() if t.depth != -1)
        in_thread = Counter(t.post_id for t in targets.values() if t.depth != -1)
        for name, target in targets.items():
            assert target.depth is not None
            assert -1 <= target.depth <= self.site.limits.depth
            assert len(target.children) == replies[name]
            assert target.n_comments == (in_thread if target.depth == -1 else replies)[name]
            assert all(targets[child].depth == target.depth + 1 for child in target.children)
            assert all(targets[child].post_id == target.post_id for child in target.children)

    @invariant()
    def ties_are_mutual(self) -> None:
        platform = self.site.platform
        for agent in platform.agents.values():
            assert agent.agent_id not in agent.following
            assert all(agent.agent_id in platform.agents[other].followers for other in agent.following)
            assert all(agent.agent_id in platform.communities[name].members for name in agent.subscriptions)
        assert platform.unplaced == 0

    @invariant()
    def nobody_is_told_of_own_or_hidden_acts(self) -> None:
        platform = self.site.platform
        for agent in AGENTS:
            notices = platform.inbox(agent)
            assert len(notices) <= INBOX_SIZE
            assert [notice.seq for notice in notices] == sorted(notice.seq for notice in notices)
            assert len({(notice.kind, notice.target) for notice in notices}) == len(notices)
            for notice in notices:
                target = platform.targets[notice.target]
                assert (target.author == agent) == (notice.kind == "removal")
                assert notice.kind == "removal" or not platform.hidden(target)

    @invariant()
    def feeds_show_no_removed_post(self) -> None:
        platform = self.site.platform
        standing = {t.target_id for t in platform.targets.values() if t.depth == -1 and not t.removed}
        for name, make in RANKERS.items():
            shown = make().rank("ada", platform, self.site.now, 5, stream(0, Purpose.FEED))
            assert len(set(shown)) == len(shown) <= 5
            assert set(shown) <= standing
            if name not in ("following", "personal"):
                assert len(shown) == min(5, len(standing))
        for post in standing:
            listed = order_comments(platform, post, "top")
            thread = {t.target_id for t in platform.targets.values() if t.post_id == post and not t.removed}
            assert set(listed) == thread - {post} or len(listed) == 100

    def teardown(self) -> None:
        if hasattr(self, "site"):
            again = Platform()
            for event in self.site.log:
                again.apply(event)
            assert again == self.site.platform


Society.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSociety = Society.TestCase
