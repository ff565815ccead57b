"""The topic model finds planted topics, whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest

from moltarium.analysis.words.topics import Topics, topics
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Post, Run

SEA = ("lobster", "ocean", "reef", "tide", "shell", "crab", "harbour", "coral", "wave", "salt")
CODE = (
    "compiler",
    "python",
    "function",
    "debug",
    "commit",
    "branch",
    "parser",
    "runtime",
    "memory",
    "thread",
)
MONEY = ("token", "wallet", "market", "price", "trading", "coin", "exchange", "profit", "liquidity", "chain")
PLANTED = {"sea": SEA, "code": CODE, "money": MONEY}


def planted(n: int = 120, seed: int = 0) -> list[Post]:
    rng = np.random.default_rng(seed)
    posts = []
    for i in range(n):
        theme = list(PLANTED)[i % 3]
        words = " ".join(rng.choice(PLANTED[theme], 12))
        posts.append(Post(i, i * 10**8, None, f"{theme}-{i:03}", "a", "general", words[:20], words, None))
    posts += [
        Post(n, n * 10**8, None, "copy-1", "b", "general", posts[0].title, posts[0].body, None),
        Post(n + 1, n * 10**8, None, "silent", "b", "general", "", "", None),
    ]
    return posts


def model(posts: list[Post], n_topics: int | None = None) -> Topics:
    run = Run(
        "planted", "observed", "planted", SCHEMA_VERSION, None, None, None, None,
        Coverage().json(), "0", None, "{}",
    )  # fmt: skip
    return topics(MemoryRecord(run, {Post: posts}), n_topics=n_topics)


@pytest.fixture(scope="module")
def found() -> Topics:
    return model(planted(), n_topics=3)


def test_planted_topics_are_found(found: Topics) -> None:
    theme = found.posts["post_id"].str.split("-").str[0]
    named = found.posts[theme.isin(list(PLANTED))]
    by_theme = named.groupby(theme)["topic"].nunique()
    assert (by_theme == 1).all()
    assert named["topic"].nunique() == 3
    for topic in found.topics:
        name = topic.example.split("-")[0]
        assert set(topic.words[:8]) <= set(PLANTED["sea" if name == "copy" else name])
    assert found.stability == pytest.approx(1)


def test_every_post_is_counted_once(found: Topics) -> None:
    assert sum(topic.size for topic in found.topics) == 121
    assert sum(topic.share for topic in found.topics) == pytest.approx(1)
    assert int(found.over_time.to_numpy().sum()) == 121
    assert found.posts.set_index("post_id").loc["silent", "topic"] == -1
    assert found.n_distinct == 120
    assert [topic.size for topic in found.topics] == sorted((t.size for t in found.topics), reverse=True)


def test_the_order_of_rows_changes_nothing(found: Topics) -> None:
    turned = [post._replace(seq=200 - post.seq) for post in planted()]
    again = model(turned, n_topics=3)
    assert again.topics == found.topics
    a, b = (frame.set_index("post_id")[["topic", "x", "y"]] for frame in (found.posts, again.posts))
    np.testing.assert_array_equal(a.to_numpy(), b.to_numpy())


def test_a_long_post_names_no_topic() -> None:
    posts = planted()
    posts[0] = posts[0]._replace(body=f"{posts[0].body} {'mulch ' * 400}")
    assert all("mulch" not in topic.words for topic in model(posts, n_topics=3).topics)


def test_too_little_to_say() -> None:
    with pytest.raises(NotComputable, match="at least 20 distinct posts"):
        model(planted()[:19])
    with pytest.raises(NotComputable, match="at least 20 distinct posts"):
        model([post._replace(title="gm", body="gm") for post in planted()])
