"""Why a figure stands beside no null model: chance has nothing to say of it, or says it of another figure."""

from __future__ import annotations

import re
from typing import Final

DRAWN: Final = "none was drawn: none was asked for, too few had a value, or the network is too large"
"""Said of a measure that has a null elsewhere."""
_COUNT: Final = "a count"
_DEGREES: Final = "degrees alone decide it, and the nulls keep them"
_DESCRIBES: Final = "it describes: no chance model says what it ought to be"
_PATHS: Final = "paths are searched in the null graphs of small_world.reply.path_ratio alone"
_PARTS: Final = "a partition: its null is that of network.reply.modularity"
_ZERO: Final = "0 is chance: its interval holds it, or does not"
_SLOPE: Final = "an exponent: its interval says which laws it excludes"

_REASONS: Final[tuple[tuple[str, str], ...]] = (
    (r"network\..*\.(nodes|edges)|activity\.(agents|posts|comments)", _COUNT),
    (r"network\..*\.(density|gini_.*)|shape\..*\.(top\d+_(in|out)|centralisation)", _DEGREES),
    (r"network\..*\.largest_scc", "drawn of the reply network only: shape.reply.bowtie_core"),
    (r"shape\..*_weighted", "an artefact, kept to recognise it"),
    (r"shape\..*\.(path_mean|diameter|betweenness_.*)", _PATHS),
    (r"shape\..*\.communities.*|louvain\..*", _PARTS),
    (r"shape\..*\.small_world|small_world\..*_ratio", "a ratio to reference graphs, null graphs among them"),
    (r"tail\..*_(alpha.*|xmin)", "other laws are set beside it: over_lognormal, over_exponential"),
    (r"rhythm\.burstiness.*", "0 is what a Poisson process gives"),
    (r"rhythm\.(growth_exponent|trend)|attention\..*_scaling|tree\.depth_width", _SLOPE),
    (r"attention\.(first_mover|visibility)", _ZERO),
    (r"robust\.percolation_random", "it is the null of percolation_hubs"),
    (
        r"robust\.(?!percolation|spam_posts).*",
        "chance alone: seed_modularity, seed_communities",
    ),
    (r"(activity|thread|tree|survival|attention|community|text)\..*|rhythm\.cov_.*", _DESCRIBES),
    (r"robust\.spam_posts", _DESCRIBES),
    (r".*", DRAWN),
)
"""What is said of the first pattern that a whole name matches."""


def why_no_null(name: str) -> str:
    """Return why the measure of this dotted name has no null.

    Examples
    --------
    >>> why_no_null("network.reply.nodes")
    'a count'
    >>> why_no_null("network.reply.reciprocity") == DRAWN
    True
    """
    return next(reason for pattern, reason in _REASONS if re.fullmatch(pattern, name))
