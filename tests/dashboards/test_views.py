"""Trees, reasons, frames and the report's data islands, without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.dashboards import content
from moltarium.dashboards.page import Lab
from moltarium.dashboards.pages.agents import PAGES
from moltarium.dashboards.pages.threads import _moods, _told
from moltarium.dashboards.parts import link_to, number, page_number
from moltarium.dashboards.report import inert
from moltarium.dashboards.source import Source
from moltarium.dashboards.tree import arrange
from moltarium.dashboards.why import turns, why
from moltarium.sim.record.errors import NotComputable, RecordError
from moltarium.sim.record.schema import Comment, Emotion, Post


def comment(name: str, parent: str | None, seq: int) -> Comment:
    return Comment(seq, seq, None, name, "p", parent, "a", "text")


@given(st.lists(st.one_of(st.none(), st.integers(0, 12)), max_size=12))
def test_every_comment_is_placed_once_however_broken_its_parents(parents: list[int | None]) -> None:
    thread = [comment(f"c{i}", None if p is None else f"c{p}", i) for i, p in enumerate(parents)]
    placed = arrange(thread, lambda _: 0)
    assert sorted(node.comment.comment_id for node in placed) == sorted(c.comment_id for c in thread)
    place = {node.comment.comment_id: i for i, node in enumerate(placed)}
    for node in placed:
        if node.depth and node.comment.parent is not None:
            assert place[node.comment.parent] < place[node.comment.comment_id]


def test_siblings_stand_in_the_asked_order() -> None:
    thread = [comment("a", None, 1), comment("b", None, 2), comment("b1", "b", 3), comment("lost", "gone", 4)]
    score = {"a": 1, "b": 5}
    top = arrange(thread, lambda name: score.get(name, 0), "top")
    assert [node.comment.comment_id for node in top] == ["b", "b1", "a", "lost"]
    assert [node.depth for node in top] == [0, 1, 0, 0]
    assert [node.orphan for node in top] == [False, False, False, True]
    newest = arrange(thread, lambda _: 0, "new")
    assert [node.comment.comment_id for node in newest] == ["b", "b1", "a", "lost"]
    oldest = arrange(thread, lambda _: 0, "old")
    assert [node.comment.comment_id for node in oldest] == ["a", "b", "b1", "lost"]


def test_a_very_deep_thread_needs_no_stack() -> None:
    thread = [comment(f"c{i}", f"c{i - 1}" if i else None, i) for i in range(5000)]
    assert len(arrange(thread, lambda _: 0)) == 5000


def test_why_leads_from_prompt_to_result(source: Source) -> None:
    row = next(source.record.rows_where(Comment, comment_id="p0r0"))
    found = why(source, row.author, row.step, "p0r0")
    assert found.mind == "llm"
    assert [turn.role for turn in found.calls[0].prompt] == ["system", "user"]
    assert found.calls[0].reply is not None
    assert found.action is not None
    assert found.action.applied
    assert all(a.agent == row.author and a.step == row.step for a in found.appraisals)
    other = next(source.record.rows_where(Comment, comment_id="p7r0"))
    assert why(source, other.author, other.step, "p7r0").calls == ()


@pytest.mark.parametrize(
    ("request_text", "roles"),
    [
        ('{"messages": [["system", "a"], ["user", "b"]], "prompt": null}', ["system", "user"]),
        ('{"messages": [{"role": "user", "content": "b"}]}', ["user"]),
        ('{"messages": [], "prompt": "Once upon"}', ["prompt"]),
        ("not json", ["request"]),
        ("[1, 2]", ["request"]),
    ],
)
def test_every_kind_of_request_can_be_read(request_text: str, roles: list[str]) -> None:
    assert [turn.role for turn in turns(request_text)] == roles


def test_frames_agree_with_the_record(source: Source) -> None:
    posts = content.posts(source)
    assert len(posts) == 80
    assert (posts["comments"] == 5).all()
    assert posts["seq"].is_monotonic_decreasing
    agents = content.agents(source)
    assert agents["posts"].sum() == 80
    assert agents["comments"].sum() == 400
    assert agents["karma"].sum() == 400, "one upvote for every comment"
    assert agents.set_index("agent_id").loc["a0", "followers"] == 14
    assert agents["followers"].notna().all(), "follows are known here: nobody's number of followers is not"
    assert agents["karma"].notna().all()


def test_moods_are_those_of_the_moment_of_writing(source: Source) -> None:
    written = content.comments(source).head(40)
    moods = content.latent_moods(source, written)
    tracks = source.record
    from moltarium.sim.record.schema import Emotion

    for (_, row), mood in zip(written.iterrows(), moods, strict=True):
        before = [e for e in tracks.rows(Emotion) if e.agent == row["author"] and e.seq <= row["seq"]]
        assert (mood.v if mood else None) == (before[-1].v if before else None)


def test_results_are_kept_until_the_record_grows(source: Source) -> None:
    asked: list[int] = []

    def lacking(_own: Source) -> int:
        asked.append(1)
        raise NotComputable("table vote")

    for _ in range(3):
        with pytest.raises(NotComputable, match="table vote"):
            source.get("x", lacking)
    assert len(asked) == 1


def test_no_record_no_dashboard(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        Source(tmp_path / "nothing")


@given(st.text())
def test_json_in_a_script_element_cannot_end_it(text: str) -> None:
    island = inert(json.dumps(text + "</script><!--"))
    assert "<" not in island
    assert json.loads(str(island)) == text + "</script><!--"


def test_addresses_and_figures() -> None:
    assert link_to("thread", id="a b/&?#", page=None) == "/thread?id=a+b%2F%26%3F%23"
    assert link_to("overview") == "/"
    assert [number(x) for x in (None, 0, 1234567, 0.1234, -0.3221, 12.3456, 0.00001)] == [
        "–", "0", "1,234,567", "0.123", "−0.322", "12.3", "1.0e−05",
    ]  # fmt: skip
    assert [page_number({"page": text}) for text in ("3", "0", "-1", "x", "9" * 40)] == [3, 1, 1, 1, 1]


def test_a_mood_without_a_cause_returns_to_rest(source: Source) -> None:
    causes = [row.cause for row in source.record.rows_where(Emotion, agent="a0")]
    assert None in causes
    assert any(causes)
    page = next(page for page in PAGES if page.path == "agent")
    told = str(page.view(Lab(source), {"id": "a0"}))
    assert "returning to its temperament" in told
    assert "moved by nan" not in told


def test_a_thread_says_how_often_feeling_and_words_agree(source: Source) -> None:
    post = next(source.record.rows_where(Post, post_id="p0"))
    comments = list(source.record.rows_where(Comment, post_id="p0"))
    moods = _moods(source, post, comments)
    texts = {post.post_id: f"{post.title}\n{post.body}"} | {c.comment_id: c.body for c in comments}
    assert moods.read.keys() == {target for target, text in texts.items() if text.strip()}
    assert not any(mood.latent for mood in moods.read.values())
    assert moods.recorded
    assert all(mood.latent for mood in moods.recorded.values())
    both = moods.recorded.keys() & moods.read.keys()
    same = sum(moods.recorded[target].label == moods.read[target].label for target in both)
    assert f"the same label in {same} of {len(both)} texts" in _told(moods)
    assert "No moods are recorded" in _told(moods._replace(recorded={}))
    assert "that needs a reader" in _told(moods._replace(needs="a reader"))
