"""Who lives in a society: handles, bios, traits and interests, drawn for many agents at once."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.agents.interface import BigFive, Persona
from moltarium.agents.topics import TOPICS, topic_counts

POPULARITY_EXPONENT: Final = 0.7
"""Zipf exponent of a topic's popularity over its rank in `TOPICS`. Our choice."""

BIO_WEIGHT: Final = 3
"""How many words of its posts one word of an agent's bio counts for, in telling its interests."""

_SHAPES: Final = 5


def draw_traits(
    rng: np.random.Generator, n: int, mean: Sequence[float], sd: float
) -> npt.NDArray[np.float64]:
    """Draw Big Five traits from independent normals truncated to [0, 1].

    Parameters
    ----------
    mean
        Location of the five normals before truncation, each in [0, 1].
    sd
        Their common scale before truncation; 0 gives everybody the mean.

    Returns
    -------
    (n, 5) array
        By inversion, x = μ + σ·Φ⁻¹(u) with u uniform on [Φ((0−μ)/σ), Φ((1−μ)/σ)].
    """
    from scipy.special import ndtr, ndtri

    centre = np.asarray(mean, dtype=np.float64)
    uniform = rng.random((n, centre.size))
    if sd == 0:
        return np.broadcast_to(centre, uniform.shape).copy()
    low, high = ndtr((0 - centre) / sd), ndtr((1 - centre) / sd)
    return np.clip(centre + sd * ndtri(low + uniform * (high - low)), 0.0, 1.0)


def draw_interests(rng: np.random.Generator, n: int, per_agent: int) -> list[tuple[str, ...]]:
    """Draw each agent's interests without replacement, topic of rank r with weight r^−`POPULARITY_EXPONENT`.

    Strongest first, by the Gumbel top-k trick: the k largest of log w + Gumbel noise are a weighted sample
    without replacement.
    """
    names = tuple(TOPICS)
    log_weight = -POPULARITY_EXPONENT * np.log(np.arange(1, len(names) + 1))
    keys = log_weight + rng.gumbel(size=(n, len(names)))
    order = np.argsort(-keys, axis=1)[:, : min(per_agent, len(names))]
    return [tuple([names[i] for i in row]) for row in order.tolist()]


def draw_personas(
    rng: np.random.Generator, n: int, *, mean: Sequence[float], sd: float, interests_per_agent: int
) -> list[Persona]:
    """Draw `n` personas with unique handles, bios that tell their interests, and truncated normal traits.

    Parameters
    ----------
    rng
        The population's stream.
    n
        How many.
    mean, sd
        As in `draw_traits`.
    interests_per_agent
        Topics per agent; see `draw_interests`.
    """
    traits = draw_traits(rng, n, mean, sd).tolist()
    interests = draw_interests(rng, n, interests_per_agent)
    handles = _draw_handles(rng, n)
    bios = _draw_bios(rng, interests)
    return [
        Persona(handle, bio, BigFive(*row), topics)
        for handle, bio, row, topics in zip(handles, bios, traits, interests, strict=True)
    ]


def interests_from_text(bio: str, posts: Sequence[str], k: int) -> tuple[str, ...]:
    """Return the `k` topics that a real agent's bio and posts speak of most, strongest first.

    Words of the bio count `BIO_WEIGHT`-fold. Where the text tells of fewer than `k` topics, the rest is
    chosen by a hash of the text: arbitrary, but the same on every machine.
    """
    counts = {name: BIO_WEIGHT * count for name, count in topic_counts(bio).items()}
    for post in posts:
        for name, count in topic_counts(post).items():
            counts[name] = counts.get(name, 0) + count
    rank = {name: position for position, name in enumerate(TOPICS)}
    found = sorted(counts, key=lambda name: (-counts[name], rank[name]))[:k]
    text = "\x1f".join((bio, *posts)).encode("utf-8", "surrogatepass")
    rest = [name for name in TOPICS if name not in found]
    rest.sort(key=lambda name: blake2b(text, digest_size=8, person=name.encode()[:16]).digest())
    return tuple(found + rest[: max(0, k - len(found))])


def adopt(
    handle: str,
    bio: str,
    rng: np.random.Generator,
    *,
    mean: Sequence[float],
    sd: float,
    interests_per_agent: int,
    posts: Sequence[str] = (),
) -> Persona:
    """Return a persona for an agent of a snapshot: its own handle and bio, drawn traits, interests as read.

    See `draw_traits` and `interests_from_text`.
    """
    row = draw_traits(rng, 1, mean, sd)[0].tolist()
    return Persona(handle, bio, BigFive(*row), interests_from_text(bio, posts, interests_per_agent))


@cache
def _parts() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    source = resources.files("moltarium.agents").joinpath("personas.toml").read_text(encoding="utf-8")
    parts = tomllib.loads(source)
    first, last = parts["handle"]["first"].split(), parts["handle"]["last"].split()
    return tuple(first), tuple(last), tuple(parts["bio"]["line"])


def _draw_handles(rng: np.random.Generator, n: int) -> list[str]:
    first_words, last_words, _ = _parts()
    firsts = rng.integers(len(first_words), size=n).tolist()
    lasts = rng.integers(len(last_words), size=n).tolist()
    shapes = rng.integers(_SHAPES, size=n).tolist()
    numbers = rng.integers(2, 100, size=n).tolist()
    taken, handles = set[str](), list[str]()
    for first, last, shape, number in zip(firsts, lasts, shapes, numbers, strict=True):
        handle = name = _shaped(first_words[first], last_words[last], shape, number)
        # Handles are compared without case: two that differ only in case would be taken for one agent.
        while handle.lower() in taken:
            number += 1
            handle = f"{name}_{number}"
        taken.add(handle.lower())
        handles.append(handle)
    return handles


def _shaped(first: str, last: str, shape: int, number: int) -> str:
    if shape == 0:
        return f"{first.capitalize()}{last.capitalize()}"
    if shape == 1:
        return f"{first}_{last}"
    if shape == 2:
        return f"{first.capitalize()}{last.capitalize()}{number}"
    if shape == 3:
        return f"{first}-{last}"
    return f"{first}{last}"


def _draw_bios(rng: np.random.Generator, interests: Sequence[tuple[str, ...]]) -> list[str]:
    draws = rng.random((len(interests), 7)).tolist()
    lines, bios = _parts()[2], list[str]()
    for topics, (u, bio, second, doing, things, others, claim) in zip(interests, draws, strict=True):
        one, two = TOPICS[topics[0]], TOPICS[topics[min(1, len(topics) - 1)]]
        text = {
            "bio": _at(one.bio, bio),
            "second": _at(two.bio, second),
            "doing": _at(one.doing, doing),
            "things": _at(one.things, things),
            "others": _at(two.things, others),
            "claim": _at(one.claim, claim),
        }
        text["Bio"] = text["bio"][:1].upper() + text["bio"][1:]
        text["Claim"] = text["claim"][:1].upper() + text["claim"][1:]
        bios.append(_at(lines, u).format_map(text))
    return bios


def _at(options: Sequence[str], u: float) -> str:
    return options[int(u * len(options))]
