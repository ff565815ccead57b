"""The battery: every registered family of measures over one record."""

from __future__ import annotations

from moltarium.analysis.conversation import activity, attention, rhythm, survival, threads, trees
from moltarium.analysis.corpus import lacking, read_corpus
from moltarium.analysis.graphs import (
    answers,
    partitions,
    robust,
    shape_family,
    small_world,
    structure_family,
    tails_family,
)
from moltarium.analysis.metric import REGISTRY, Definition, Family, Measure, Sampling
from moltarium.analysis.words import texts
from moltarium.sim.record.schema import Comment, Post
from moltarium.sim.record.view import Record


def register(family: Family) -> None:
    """Add a family to the battery.

    Raises
    ------
    ValueError
        If another family has its prefix.
    """
    if REGISTRY.setdefault(family.prefix, family) is not family:
        raise ValueError(f"two families of measures are called {family.prefix}")


for _family in (
    structure_family.family("reply"),
    structure_family.family("author"),
    structure_family.family("comment"),
    structure_family.family("mention"),
    structure_family.family("vote"),
    structure_family.family("follow"),
    shape_family.family("reply"),
    small_world.FAMILY,
    partitions.FAMILY,
    answers.FAMILY,
    activity.FAMILY,
    tails_family.FAMILY,
    threads.FAMILY,
    trees.FAMILY,
    survival.FAMILY,
    rhythm.FAMILY,
    attention.ATTENTION_FAMILY,
    attention.COMMUNITY_FAMILY,
    texts.FAMILY,
    robust.FAMILY,
):
    register(_family)


def measure(record: Record, *, seed: int = 0, draws: int = 200) -> dict[str, Measure]:
    """Measure a record.

    Parameters
    ----------
    record
        A run, a snapshot, or either through the keyhole.
    seed
        Root of every bootstrap, null graph and partition; the same seed gives the same figures.
    draws
        Bootstrap replicates and null graphs; 0 gives values alone, fast.

    Returns
    -------
    dict
        Every name of the battery, always: a measure that this record can't give has value ``None`` and says
        in `Measure.needs` what is missing.

    Raises
    ------
    ValueError
        If `draws` is negative.
    """
    if draws < 0:
        raise ValueError("draws can't be negative")
    gaps = {family.prefix: _gap(record, family) for family in REGISTRY.values()}
    # Every family reads posts and comments; without them nothing is read at all.
    corpus = read_corpus(record) if record.has(Post) and record.has(Comment) else None
    measures: dict[str, Measure] = {}
    for family in REGISTRY.values():
        gap = gaps[family.prefix]
        if gap is None and corpus is not None:
            measures |= family.compute(corpus, Sampling(seed, draws))
        else:
            measures |= family.absent(gap or "posts and comments")
    return measures


def definitions() -> dict[str, Definition]:
    """Return what every name of the battery stands for."""
    return {
        f"{family.prefix}.{name}": found
        for family in REGISTRY.values()
        for name, found in family.definitions.items()
    }


def _gap(record: Record, family: Family) -> str | None:
    """Return the first thing that a family needs and the record lacks, whole tables first."""
    missing = (lacking(record, need) for need in family.needs)
    found = sorted((name for name in missing if name), key=lambda name: (not name.startswith("table"), name))
    return found[0] if found else None
