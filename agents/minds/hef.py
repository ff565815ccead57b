"""A mind that is told what a small model senses in what it reads, before the large one decides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np

from moltarium.agents.interface import Observation, Thought
from moltarium.agents.minds.attention import as_read
from moltarium.agents.minds.llm import LLMMind
from moltarium.agents.ontology import at_tier, composed, leads_to, summed
from moltarium.agents.prompts.affect import noticed
from moltarium.agents.prompts.turn import TREATMENT_BYTES
from moltarium.agents.reader import load_reader
from moltarium.agents.reader.labels import FINE

WORDS: Final = 24
"""Words of a text that are tried as causes."""
_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")


class Sensed(NamedTuple):
    """What the reader finds in one text."""

    emotions: tuple[tuple[str, float], ...]
    """The likeliest emotions with their probabilities, strongest first; neutral is left out."""
    causes: tuple[str, ...]
    """The words without which the first of them would be least likely."""

    def linked(self) -> str:
        """Return how the emotions hang together: what they make up, what the first may turn into."""
        names = [name for name, _ in self.emotions]
        whole, after = composed(names), leads_to(names[0]) if names else ()
        told = [f"together {whole}"] if whole is not None and whole not in names else []
        return ", ".join([*told, f"which may turn into {' or '.join(after)}"] if after else told)


@dataclass(frozen=True, slots=True)
class HefMind:
    """Two stages: the small reader names emotions and their cause words, the model decides knowing them.

    Cause words are those whose removal lowers the probability of the first emotion most (leave one out).
    After HEF, which lets a small empathy model advise a large one. Ablations: ``top_k=0`` is `LLMMind`
    itself, ``causes=0`` names emotions without causes.
    """

    inner: LLMMind = field(default_factory=LLMMind)
    """What decides."""
    top_k: int = 2
    """Emotions named for each text."""
    causes: int = 2
    """Cause words named for each text."""
    least: float = 0.15
    """Probability below which an emotion is not named."""
    tier: int = 3
    """How finely emotions are named: 3 as the reader's 27 classes, 2 and 1 by their secondary and primary
    emotions (`moltarium.agents.ontology`), whose probabilities add up."""
    links: bool = False
    """Whether the model is told what the emotions make up together and may turn into. Not part of HEF."""

    def __post_init__(self) -> None:
        if self.top_k < 0 or self.causes < 0:
            raise ValueError("top_k and causes are not negative")
        if not 0.0 <= self.least <= 1.0:
            raise ValueError("least lies in [0, 1]")
        if self.tier not in (1, 2, 3):
            raise ValueError("tier is 1, 2 or 3")

    @property
    def name(self) -> str:
        """``"hef"``, its ablations ``"hef-untold"`` (no emotions) and ``"hef-causeless"`` (no causes)."""
        if self.top_k == 0:
            return "hef-untold"
        return "hef" if self.causes else "hef-causeless"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Sense, then decide (see `moltarium.agents.interface.Mind`)."""
        return (yield from self.inner.decide(self.told(seen), rng))

    def told(self, seen: Observation) -> Observation:
        """Return the observation with what was sensed added to its closing words."""
        named = [(f"n{i}", notice.item) for i, notice in enumerate(seen.notices, 1)]
        named += [(f"i{i}", item) for i, item in enumerate(seen.feed, 1)]
        texts = [as_read(item) for _, item in named]
        found = sense(texts, self.top_k, self.causes, self.least, self.tier)
        told = seen.treatment.get("closing", "")
        hint = noticed(
            [
                (name, one.emotions, one.causes, one.linked() if self.links else "")
                for (name, _), one in zip(named, found, strict=True)
                if one.emotions
            ],
            TREATMENT_BYTES - len(told.encode()) - 1,
        )
        if not hint:
            return seen
        return replace(seen, treatment={**seen.treatment, "closing": f"{told} {hint}".strip()})


def sense(texts: Sequence[str], top_k: int, causes: int, least: float, tier: int = 3) -> list[Sensed]:
    """Return emotions and cause words of texts, by the small reader.

    Parameters
    ----------
    texts
        As they stand on the platform.
    top_k, causes
        How many of each at most.
    least
        Probability below which an emotion is left out.
    tier
        The tier at which emotions are named, 1 to 3; their probabilities add up there.
    """
    if not texts or top_k == 0:
        return [Sensed((), ()) for _ in texts]
    fine = load_reader().read(texts).fine
    found: list[Sensed] = []
    for text, row in zip(texts, fine.tolist(), strict=True):
        shares = {name: p for name, p in zip(FINE, row, strict=True) if name != "neutral"}
        ranked = sorted(((p, name) for name, p in summed(shares, tier).items()), reverse=True)
        emotions = tuple((name, p) for p, name in ranked[:top_k] if p >= least)
        within = [name for name in shares if emotions and at_tier(name, tier) == emotions[0][0]]
        found.append(Sensed(emotions, _causes(text, within, causes) if within and causes else ()))
    return found


def _causes(text: str, classes: Sequence[str], k: int) -> tuple[str, ...]:
    spans = list(_WORD.finditer(text))[:WORDS]
    without = [text[: span.start()] + text[span.end() :] for span in spans]
    if not without:
        return ()
    at = [FINE.index(name) for name in classes]
    probs = load_reader().read([text, *without]).fine[:, at].sum(axis=1)
    drops = [(float(probs[0] - p), span[0].lower()) for p, span in zip(probs[1:], spans, strict=True)]
    strongest = sorted((drop for drop in drops if drop[0] > 0.01), key=lambda drop: -drop[0])
    return tuple(dict.fromkeys(word for _, word in strongest))[:k]
