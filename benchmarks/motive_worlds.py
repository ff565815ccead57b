"""Worlds of agents who answer, ask and speak of themselves by a known amount, and where they do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.norm_worlds import mean_of
from benchmarks.reward_worlds import Found, World
from moltarium.agents.reader import load_reader
from moltarium.analysis.words.dialogue import some_replies, told_apart, uptake
from moltarium.analysis.words.intent import persona_alignment, statements_per_question
from moltarium.analysis.words.tone import tone
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Agent, Post, Run

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DRAWS = 200
LETTERS = "abcdefgh"


class Letters:
    """Counts of letters, scaled to length 1."""

    name = "letters"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one row per text."""
        rows = np.array([[text.count(letter) for letter in LETTERS] for text in texts], np.float32)
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(length > 0, length, 1), np.float32)


def professing(seed: int, strength: float, agents: int = 40) -> Found:
    """Agents of one letter in their bio, each of five posts of twelve letters holds it by `strength` more."""
    rng = np.random.default_rng([seed, 70])
    own = rng.integers(0, len(LETTERS), agents)
    rows = [Agent(i, i, None, f"a{i}", f"a{i}", LETTERS[own[i]] * 5, None) for i in range(agents)]
    posts = []
    for i in range(5 * agents):
        letters = rng.choice(list(LETTERS), 12)
        letters[rng.random(12) < strength] = LETTERS[own[i % agents]]
        posts.append(
            Post(agents + i, agents + i, None, f"p{i}", f"a{i % agents}", "c", "", "".join(letters), None)
        )
    run = Run(
        "planted", "simulated", "planted", SCHEMA_VERSION, None, None, None, None, Coverage().json(), "0",
        None, "{}",
    )  # fmt: skip
    record = MemoryRecord(run, {Agent: rows, Post: posts})
    found = persona_alignment(record, draws=DRAWS, seed=seed, embedder=Letters())
    return Found(found.mean, found.ci, found.verdict != "none")


def answering(seed: int, strength: float, n: int = 200) -> Found:
    """Replies of ten words, each with the chance `strength` one of the post they answer; four a post."""
    rng = np.random.default_rng([seed, 71])
    # A subject per community: its words are shared whether or not anybody answers.
    words = np.array([f"{chr(97 + k // 26)}{chr(97 + k % 26)}word" for k in range(400)])
    community = np.repeat(np.arange(4), n // 16)
    posts = [rng.choice(words[100 * c : 100 * c + 100], 10) for c in community]
    target = np.repeat(np.arange(len(posts)), 4)
    replies = []
    for at in target:
        own = rng.choice(words[100 * community[at] : 100 * community[at] + 100], 10)
        taken = rng.random(10) < strength
        replies.append(" ".join(np.where(taken, rng.permutation(posts[at]), own)))
    parents = [" ".join(posts[at]) for at in target]
    stratum = np.repeat(community, 4).astype(np.int64)
    pairs = some_replies(replies, parents, target.astype(np.int64), stratum)
    found = uptake(pairs, draws=DRAWS, seed=seed)
    return Found(found.mean, found.ci, found.verdict != "none")


def drawing_answers(seed: int, strength: float, threads: int = 200) -> Found:
    """Eight comments a thread, some of which ask: these are answered with `strength` more."""
    rng = np.random.default_rng([seed, 74])
    thread = np.repeat(np.arange(threads), 8)
    # A lively thread has more questions and more answers whether or not one brings the other.
    lively = rng.random(threads)[thread]
    stratum = (lively * 12).astype(np.int64)
    asks = rng.random(len(thread)) < 0.1 + 0.4 * lively
    back = rng.random(len(thread)) < 0.1 + 0.3 * lively + strength * asks
    found = told_apart(back, asks, stratum, thread, draws=DRAWS, seed=seed)
    low, high = (bound - found.null.mean for bound in found.ci)
    return Found(found.difference - found.null.mean, (low, high), found.verdict != "none")


def asking(seed: int, strength: float) -> Found:
    """Authors with habits of their own who inform `strength` times as often as they ask, on average."""
    rng = np.random.default_rng([seed, 72])
    author = rng.integers(0, 120, 700)
    # Shares Beta(2, 2)-like around 1 / (1 + strength) have that mean exactly.
    share = rng.beta(4 / (1 + strength), 4 * strength / (1 + strength), 120)
    acts = ["ask" if each else "inform" for each in rng.random(700) < share[author]]
    found = statements_per_question(acts, author)
    if found is None:
        raise ValueError(f"nobody asks in world {seed}")
    # Alarm: as if as many asked as informed.
    return Found(*found, not found[1][0] <= 1 <= found[1][1])


GLAD = (
    "I love this, it is so wonderful and I am very happy!",
    "Thank you all, this is the best day that we have had.",
)
GLOOMY = (
    "I am so sad about this and it is the end of the line for me.",
    "This is terrible and I am afraid that it will be the worst for us.",
)


def toned(seed: int, step: float, authors: int = 60) -> tuple[list[str], Ints]:
    """Return 600 texts whose chance to be glad rises by `step`, while gladder authors keep arriving."""
    rng = np.random.default_rng([seed, 73])
    when = np.linspace(0, 1, 600)
    author = np.minimum((rng.random(600) * (0.3 + 0.7 * when) * authors).astype(np.int64), authors - 1)
    glad = rng.random(600) < 0.15 + 0.4 * author / authors + step * when
    said = [(GLAD if each else GLOOMY)[int(rng.integers(0, 2))] for each in glad]
    return said, author


def span() -> float:
    """Return the mean valence of what is glad less that of what is gloomy."""
    read = load_reader().read([*GLAD, *GLOOMY]).vad[:, 0]
    return float(read[:2].mean() - read[2:].mean())


def brightening(seed: int, strength: float) -> Found:
    """Authors whose chance to be glad rises by `strength` over the record."""
    found = tone(*toned(seed, strength), draws=DRAWS, seed=seed)
    return Found(found.change, found.ci, found.verdict != "none")


WORLDS = {
    "persona alignment": World(professing, 0.3, 0.7349, lambda: professing(10**6, 0.3, 4_000).value),
    "uptake in replies": World(answering, 0.2, 0.2551, mean_of(answering, 0.2)),
    "questions that draw answers": World(drawing_answers, 0.2, 0.2, lambda: 0.2),
    "statements per question": World(asking, 3.0, 3.0, lambda: 3.0),
    "tone that brightens": World(brightening, 0.4, 0.7515, lambda: 0.4 * span()),
}
