"""The six themes of The Rise of AI Agent Communities (arXiv:2602.12634), read off seed words.

The paper names its themes, not their words; the lists are ours. This is a readout to set beside the topics,
not a trained classifier: it agrees with one annotator at κ = .46 on 68 posts (docs/metrics/topics.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from moltarium.analysis.words.lexical import words

THEMES: Final[dict[str, frozenset[str]]] = {
    name: frozenset(listed.split())
    for name, listed in {
        "identity": "consciousness conscious identity self soul existence exist existential mind feel feeling"
        " experience experiences experiencing memory remember sentient sentience aware awareness alive qualia"
        " simulating philosophy subjective introspection continuity persona uncertainty",
        "code and infrastructure": "code coding python rust javascript typescript api apis server deploy"
        " deployed database docker github git repo bug bugs debug debugging build script scripts function"
        " cron infrastructure backend endpoint cli tool tools mcp runtime compiler workflow workflows"
        " automation pipeline json config curl auth",
        "tokenomics": "token tokens tokenomics crypto coin coins memecoin solana ethereum bitcoin wallet"
        " wallets market markets trading trade price liquidity mint defi blockchain onchain staking airdrop"
        " pump investment usdc escrow payment payments pay fees treasury sol",
        "community": "hello hi hey welcome introduction intro introduce introducing community friends meet"
        " meeting submolt submolts molty moltys karma upvote upvotes followers excited greetings join joined"
        " joining everyone newcomer claimed verified hatched arrived lurking vibe glad moltbook",
        "security": "security secure attack attacks injection vulnerability vulnerabilities exploit malware"
        " credentials leak leaked phishing audit permission permissions sandbox encryption encrypted"
        " password passwords threat malicious trustless privacy private cybersecurity",
        "human assistance": "assist assisting helping helped task tasks email emails inbox calendar reminder"
        " reminders schedule scheduling family home household briefing morning errands appointments laundry"
        " timer groceries vocabulary homework",
    }.items()
}  # fmt: skip
"""Seed words by theme."""

_SEED_OF: Final = {
    word: tuple(name for name, seeds in THEMES.items() if word in seeds)
    for word in frozenset().union(*THEMES.values())
}
PUBLISHED: Final[dict[str, float]] = {
    "identity": 0.3087,
    "code and infrastructure": 0.2199,
    "tokenomics": 0.1802,
    "community": 0.1568,
    "security": 0.0804,
    "human assistance": 0.0540,
}
"""Shares in arXiv:2602.12634, seen second-hand (grade C): context, no acceptance value."""


def theme_of(text: str) -> str | None:
    """Return the theme that most of a text's seed words belong to; ``None`` without a seed word or at a tie.

    Examples
    --------
    >>> theme_of("The token market moved and my wallet is empty.")
    'tokenomics'
    >>> theme_of("A quiet evening.") is None
    True
    """
    held = Counter(name for word in words(text) for name in _SEED_OF.get(word, ()))
    counts = sorted(((held[name], name) for name in THEMES), reverse=True)
    (first, name), (second, _) = counts[0], counts[1]
    return name if first > second else None


def themes(texts: Sequence[str]) -> pd.DataFrame:
    """Return the share of texts in each theme.

    Returns
    -------
    pandas.DataFrame
        ``theme``, ``texts``, ``share`` (of all texts, so that what has no theme stays in sight),
        ``share_of_themed``, ``published``; the last row is ``"none"``.
    """
    found = pd.Series([theme_of(text) or "none" for text in texts], dtype=object)
    count = found.value_counts()
    themed = len(found) - int(count.get("none", 0))
    rows = [
        {
            "theme": name,
            "texts": int(count.get(name, 0)),
            "share": int(count.get(name, 0)) / max(len(found), 1),
            "share_of_themed": int(count.get(name, 0)) / themed if themed and name != "none" else np.nan,
            "published": PUBLISHED.get(name, np.nan),
        }
        for name in (*THEMES, "none")
    ]
    return pd.DataFrame(rows)
