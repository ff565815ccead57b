"""The run record: one frozen row type per table, the same for a simulated and an observed run.

Any subset of the tables may be present; an absent table means *unknown*, never empty. Every row of a
dated table starts with ``seq`` (total order over all tables of one record), ``t`` (microseconds since
1970-01-01 UTC; simulated or real) and ``step`` (the scheduler's tick, ``None`` if observed). Ids are
strings. The public rows are also the platform's events: folding them in order of ``seq`` gives its state.

Rows are named tuples: immutable, typed, and handed to SQLite as they are.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

SCHEMA_VERSION: Final = 1
"""Rises with every change of a table; a record of another version is migrated or refused."""


class Run(NamedTuple):
    """What this record is. Exactly one row."""

    run_id: str
    """Stable name: scenario, seed and configuration hash, or the source's hash."""
    kind: str
    """``"simulated"`` or ``"observed"``."""
    title: str
    """What a person reads: the scenario's title or the snapshot's. Says so if the source is synthetic."""
    schema_version: int
    """`SCHEMA_VERSION` at the time of writing."""
    scenario: str | None
    """The resolved scenario as canonical JSON, without transport settings. ``None`` if observed."""
    scenario_sha256: str | None
    """Hash of `scenario`."""
    seed: int | None
    """Root of all random streams. ``None`` if observed."""
    source_sha256: str | None
    """Hash of the imported files, or of the snapshot that seeded the run."""
    coverage: str
    """JSON: ``{"missing": ["vote", "comment.parent", …], "notes": [...], "synthetic": bool}``."""
    code_version: str
    """Version of the code that wrote the record (outside the digest)."""
    captured_at: int | None
    """When the snapshot was taken, microseconds UTC (outside the digest)."""
    transport: str
    """JSON: endpoints, concurrency, deadlines: what has no meaning for the result (outside the digest)."""


class Agent(NamedTuple):
    """An account comes into being."""

    seq: int
    t: int
    step: int | None
    agent_id: str
    handle: str
    bio: str
    created: int | None
    """When the account was made, microseconds UTC, if known."""


class Community(NamedTuple):
    """A community (MoltBook: submolt) is founded."""

    seq: int
    t: int
    step: int | None
    community_id: str
    name: str
    description: str
    creator: str | None


class Post(NamedTuple):
    """A post at the root of a thread."""

    seq: int
    t: int
    step: int | None
    post_id: str
    author: str | None
    """Agent id; ``None`` if the account is deleted or unknown."""
    community: str
    title: str
    body: str
    url: str | None


class Comment(NamedTuple):
    """A comment; a *reply* if it has a parent comment."""

    seq: int
    t: int
    step: int | None
    comment_id: str
    post_id: str
    parent: str | None
    """Parent comment's id; ``None`` on the post itself; unknown if coverage misses comment.parent."""
    author: str | None
    body: str


class Removal(NamedTuple):
    """A moderator takes a target down."""

    seq: int
    t: int
    step: int | None
    target: str
    by: str | None
    reason: str


class Vote(NamedTuple):
    """A vote as it stands after the act: +1, −1, or 0 when it was taken back."""

    seq: int
    t: int
    step: int | None
    voter: str
    target: str
    value: int


class Score(NamedTuple):
    """A target's votes as a crawler saw them (simulated runs derive this from `Vote`)."""

    seq: int
    t: int
    step: int | None
    target: str
    upvotes: int
    downvotes: int | None
    n_comments: int | None
    observed_at: int


class Profile(NamedTuple):
    """An account's public numbers as a crawler saw them (simulated runs derive this)."""

    seq: int
    t: int
    step: int | None
    agent: str
    karma: int | None
    followers: int | None
    following: int | None
    observed_at: int


class Follow(NamedTuple):
    """One agent starts (or stops) following another."""

    seq: int
    t: int
    step: int | None
    source: str
    target: str
    active: bool


class Subscription(NamedTuple):
    """One agent joins (or leaves) a community."""

    seq: int
    t: int
    step: int | None
    source: str
    target: str
    """Community id."""
    active: bool


class Impression(NamedTuple):
    """Latent. One item shown to one agent at one rank of one feed."""

    seq: int
    t: int
    step: int | None
    agent: str
    target: str
    feed: str
    rank: int
    """0 is the top."""


class Persona(NamedTuple):
    """Latent. An agent's fixed traits and what decides for it."""

    seq: int
    t: int
    step: int | None
    agent: str
    o: float
    """Openness, 0 to 1; likewise c(onscientiousness), e(xtraversion), a(greeableness), n(euroticism)."""
    c: float
    e: float
    a: float
    n: float
    interests: str
    """JSON list of topic names."""
    mind: str
    """Name of the population group's mind: ``"surrogate"``, ``"llm"``, …; a control or an ablation of a mind
    with affect bears its arm behind a hyphen (``"heart-neutral"``)."""
    model: str | None
    """Label of the endpoint the mind asks, if any."""


class Emotion(NamedTuple):
    """Latent. An agent's mood after it moved, each axis in [−1, 1]."""

    seq: int
    t: int
    step: int | None
    agent: str
    v: float
    """Valence; likewise a(rousal), d(ominance)."""
    a: float
    d: float
    vv: float
    """Velocity of valence (second-order dynamics; 0 in first order); likewise va, vd."""
    va: float
    vd: float
    label: str
    """Nearest emotion label."""
    cause: str | None
    """Source of the largest appraisal of this step, if any."""


class Appraisal(NamedTuple):
    """Latent. One thing that moved a mood, and how far it pulled."""

    seq: int
    t: int
    step: int | None
    agent: str
    kind: str
    """``"read"``, ``"reply"``, ``"mention"``, ``"vote"``, ``"rejection"``, ``"removal"`` …"""
    source: str
    """Id of the target that caused it; of a rejection its category; empty if neither is known."""
    weight: float
    """Attention paid to it, 0 to 1."""
    dv: float
    """Stimulus on valence before the dynamics; likewise da, dd."""
    da: float
    dd: float


class Memory(NamedTuple):
    """Latent. Something an agent will remember."""

    seq: int
    t: int
    step: int | None
    agent: str
    kind: str
    """``"observation"``, ``"own"``, ``"reflection"``, ``"relationship"``."""
    text: str
    importance: float
    """0 to 1."""
    source: str | None


class LlmCall(NamedTuple):
    """Latent. One model call whose reply was used."""

    seq: int
    t: int
    step: int | None
    agent: str
    purpose: str
    request_sha: str
    """Key of the request in `Blob`."""
    reply_sha: str
    """Key of the reply's text in `Blob`."""
    model: str
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost_usd: float
    """By the price table at the time (outside the digest); 0 where it knew no price."""
    estimated: bool
    """True where the endpoint did not report its usage."""


class Action(NamedTuple):
    """Latent. What a model's answer was parsed to, and what became of it (only minds that ask a model)."""

    seq: int
    t: int
    step: int | None
    agent: str
    kind: str
    """The action's class name."""
    body: str
    """JSON of its fields."""
    request_sha: str | None
    """The last request that led to it."""
    applied: bool
    result: str
    """Id of what it made or touched, or the rejection's reason."""


class Rejection(NamedTuple):
    """Latent. An action that the rules refused; the agent is told in its next turn."""

    seq: int
    t: int
    step: int | None
    agent: str
    action: str
    """The action's class name."""
    category: str
    """Machine-readable: ``"rate_limit"``, ``"own_target"``, ``"unknown_target"``, ``"malformed"`` …"""
    reason: str
    """What the agent is told."""


class Intervention(NamedTuple):
    """A dated change that the scenario makes."""

    seq: int
    t: int
    step: int | None
    name: str
    parameters: str
    """JSON."""


class Quarantine(NamedTuple):
    """An imported row that could not be kept, and why: in = kept + quarantined."""

    seq: int
    t: int
    step: int | None
    place: str
    """``file:line`` or ``file#path``, relative to the import's root."""
    reason: str
    excerpt: str
    """The row's first 500 characters."""


class Blob(NamedTuple):
    """A request or reply text by its hash (outside the digest; the hashes are inside)."""

    sha: str
    text: str


class Telemetry(NamedTuple):
    """Wall-clock facts: latency, retries, process events (outside the digest)."""

    at: int
    """Wall clock, microseconds UTC."""
    step: int | None
    name: str
    value: float
    detail: str


Event: TypeAlias = Agent | Community | Post | Comment | Removal | Vote | Follow | Subscription
"""The public rows: what the platform applies."""

Latent: TypeAlias = Impression | Persona | Emotion | Appraisal | Memory | LlmCall | Action | Rejection
"""The rows that no crawler could see."""

Dated: TypeAlias = Event | Latent | Score | Profile | Intervention | Quarantine
"""Every row with ``seq``, ``t`` and ``step``."""

Row: TypeAlias = Dated | Run | Blob | Telemetry

R = TypeVar("R", bound=tuple[Any, ...])
"""Some row type."""

TABLES: Final[dict[str, type[Row]]] = {
    "run": Run,
    "agent": Agent,
    "community": Community,
    "post": Post,
    "comment": Comment,
    "removal": Removal,
    "vote": Vote,
    "score": Score,
    "profile": Profile,
    "follow": Follow,
    "subscription": Subscription,
    "impression": Impression,
    "persona": Persona,
    "emotion": Emotion,
    "appraisal": Appraisal,
    "memory": Memory,
    "llm_call": LlmCall,
    "action": Action,
    "rejection": Rejection,
    "intervention": Intervention,
    "quarantine": Quarantine,
    "blob": Blob,
    "telemetry": Telemetry,
}
"""Every table by name."""

TABLE_OF: Final[dict[type[Row], str]] = {row: name for name, row in TABLES.items()}
"""The name of a row type's table."""

EVENTS: Final = frozenset({Agent, Community, Post, Comment, Removal, Vote, Follow, Subscription})
"""Row types that the platform folds."""

LATENT: Final = frozenset({Impression, Persona, Emotion, Appraisal, Memory, LlmCall, Action, Rejection})
"""Row types that the keyhole view withholds."""

UNDIGESTED: Final = frozenset({Blob, Telemetry})
"""Row types outside the canonical digest."""

UNDIGESTED_COLUMNS: Final = frozenset(
    {("run", "code_version"), ("run", "captured_at"), ("run", "transport"), ("llm_call", "cost_usd")}
)
"""Single columns outside it: the same society at another price is the same society."""
