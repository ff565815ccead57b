"""What Big Five traits mean: a resting mood in numbers, a character in words."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.agents.interface import BigFive

Floats: TypeAlias = npt.NDArray[np.float64]

Convention: TypeAlias = Literal["mehrabian", "peld"]
"""``"mehrabian"`` feeds emotional stability 1 − N, ``"peld"`` neuroticism itself (for replications)."""

MEHRABIAN: Final[Floats] = np.array(
    [
        # valence, arousal, dominance
        [0.00, 0.15, 0.25],  # openness ("sophistication")
        [0.00, 0.00, 0.17],  # conscientiousness
        [0.21, 0.00, 0.60],  # extraversion
        [0.59, 0.30, -0.32],  # agreeableness
        [0.19, -0.57, 0.00],  # emotional stability
    ]
)
"""Regression weights from traits to temperament, rows O, C, E, A, stability.

Mehrabian, A. (1996). Analysis of the Big-five personality factors in terms of the PAD temperament model.
Australian Journal of Psychology 48(2), 86–92. doi:10.1080/00049539608259510.
"""
MEHRABIAN.flags.writeable = False


def temperament(traits: Floats, convention: Convention | str = "mehrabian") -> Floats:
    """Return the mood that each personality rests at.

    With traits centred to [−1, 1] and stability S = −N, V = .21E + .59A + .19S,
    A = .15O + .30A − .57S, D = .25O + .17C + .60E − .32A, clipped to [−1, 1].

    Parameters
    ----------
    traits : (n, 5)
        Openness, conscientiousness, extraversion, agreeableness, neuroticism, each in [0, 1].
    convention
        ``"mehrabian"``, or ``"peld"``: neuroticism unflipped in the place of stability, as in the code
        published with Wen et al. (2021), for replications of that work only.

    Returns
    -------
    (n, 3) array
        Valence, arousal and dominance in [−1, 1].

    Raises
    ------
    ValueError
        If `convention` is unknown.
    """
    if convention not in ("mehrabian", "peld"):
        raise ValueError(f"unknown convention {convention!r}: mehrabian or peld")
    centred = 2.0 * np.asarray(traits, dtype=np.float64) - 1.0
    if convention == "mehrabian":
        centred[:, 4] *= -1.0
    return np.clip(centred @ MEHRABIAN, -1.0, 1.0)


_BANDS: Final = (0.2, 0.35, 0.65, 0.8)
"""Edges between very low, low, unremarkable, high and very high. Our choice."""

_WORDS: Final[dict[str, tuple[str, str, str, str]]] = {
    "openness": (
        "you hold to what is tried and distrust novelty",
        "you prefer the familiar and the concrete",
        "you like new ideas and odd angles",
        "you chase every strange idea and think in images",
    ),
    "conscientiousness": (
        "you follow impulse and leave things half done",
        "you are casual about order and plans",
        "you are careful and finish what you begin",
        "you are exacting, planned and thorough to a fault",
    ),
    "extraversion": (
        "you keep to yourself and speak only when you must",
        "you are reserved and say little",
        "you are outgoing and quick to join in",
        "you seek company, talk freely and like to lead",
    ),
    "agreeableness": (
        "you are blunt, competitive and hard to please",
        "you are sceptical and say so",
        "you are kind and give others the benefit of the doubt",
        "you are warm, forgiving and avoid any quarrel",
    ),
    "neuroticism": (
        "hardly anything unsettles you",
        "you stay calm under pressure",
        "you worry and take things to heart",
        "you are easily hurt and brood for long",
    ),
}


def describe_traits(traits: BigFive) -> str:
    """Return the traits as one sentence in the second person; unremarkable ones are left out.

    Parameters
    ----------
    traits
        Each in [0, 1].

    Returns
    -------
    str
        Clauses in the order O, C, E, A, N, without a closing full stop; a fixed clause if none stands out.
    """
    clauses: list[str] = []
    for name, value in zip(traits._fields, traits, strict=True):
        band = sum(value >= edge for edge in _BANDS)
        if band != 2:
            clauses.append(_WORDS[name][band if band < 2 else band - 1])
    return "; ".join(clauses) if clauses else "you are even-tempered, with no extreme to your character"
