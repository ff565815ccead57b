"""What a record answers to the four questions: results, kept, and the one sentence that each deserves."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from moltarium.analysis.affect.alignment import EmotionalAlignment, emotional_alignment
from moltarium.analysis.battery import measure
from moltarium.analysis.compare import Comparison, beside, beside_published
from moltarium.analysis.graphs.networks import Kind
from moltarium.analysis.graphs.reciprocity import Reciprocity, reciprocity
from moltarium.analysis.metric import Measure, Null
from moltarium.analysis.words.drift import Drift, drift
from moltarium.analysis.words.motives import motives
from moltarium.analysis.words.norm_report import norms
from moltarium.analysis.words.norms import NormConvergence, Texts, norm_convergence
from moltarium.analysis.words.topics import Topics, topics
from moltarium.dashboards.effects import Shown
from moltarium.dashboards.parts import chance, counted, interval, null_line, number, signed
from moltarium.dashboards.readings import shared_reader
from moltarium.dashboards.source import Source
from moltarium.dashboards.untrusted import line
from moltarium.sim.record.keyhole import keyhole

SIGNIFICANT = 0.05

Tone: TypeAlias = Literal["found", "none"]


class Finding(NamedTuple):
    """One sentence, the figures under it, and whether it says that something was found."""

    sentence: str
    evidence: str
    tone: Tone


def found_measures(source: Source) -> dict[str, Measure]:
    """Return the battery over a record."""
    return source.get("measures", lambda own: measure(own.record))


def found_topics(source: Source) -> Topics:
    """Return the topics of a record."""
    return source.get("topics", lambda own: topics(own.record))


def found_norms(source: Source, texts: Texts = "post") -> NormConvergence:
    """Return the norm convergence of a record."""
    return source.get(f"norms/{texts}", lambda own: norm_convergence(own.record, texts=texts))


def found_alignment(source: Source) -> EmotionalAlignment:
    """Return the emotional alignment of a record."""
    return source.get("alignment", lambda own: emotional_alignment(own.record, reader=shared_reader()))


def found_reciprocity(source: Source, kind: Kind = "reply") -> Reciprocity:
    """Return the reciprocity of a record."""
    return source.get(f"reciprocity/{kind}", lambda own: reciprocity(own.record, kind))


def _stands_out(null: Null, ci: tuple[float, float] | None) -> bool:
    """Whether a figure lies outside its null *and* its own interval leaves out the null's mean."""
    return null.p < SIGNIFICANT and not (ci is not None and ci[0] <= null.mean <= ci[1])


def say_topics(found: Topics) -> Finding:
    """Say what the topics come to."""
    largest = found.topics[0]
    firm = "firm" if found.stability >= 0.7 else "soft" if found.stability >= 0.3 else "loose"
    return Finding(
        f"{len(found.topics)} topics; the largest, “{line(largest.label, 60)}”, holds {largest.share:.0%} of"
        " posts.",
        f"Their borders are {firm}: clusterings of other seeds agree at {number(found.stability, 2)}"
        f" (adjusted Rand index; 0 is chance, 1 the same). {found.outlier_share:.0%} of posts lie no nearer"
        f" to their topic than strangers do. {found.n_posts:,} posts, {found.n_distinct:,} distinct.",
        "found" if found.stability >= 0.3 else "none",
    )


def say_norms(found: NormConvergence) -> Finding:
    """Say whether communities converge."""
    sentence = {
        "converging": "Members of a community come to write more alike, beyond what the whole site does.",
        "diverging": "Members of a community come to write less alike, beyond what the whole site does.",
        "none": "No sign that communities converge on norms of their own.",
    }[found.verdict]
    return Finding(
        sentence,
        f"Dispersion inside communities changed by {signed(found.change, 3)} {interval(found.ci)} over the"
        f" period; {null_line(found.null)}. The whole site changed by {signed(found.site_change, 3)}.",
        "none" if found.verdict == "none" else "found",
    )


def say_alignment(found: EmotionalAlignment) -> Finding:
    """Say whether comments feel as what they answer does."""
    null = found.r_null
    tone: Tone = "found" if _stands_out(null, found.r_ci) else "none"
    if null.p >= SIGNIFICANT:
        sentence = "Comments share no more emotion with what they answer than with its neighbours."
    elif tone == "none":
        sentence = "A hint that comments lean with the emotion of what they answer; too little to claim it."
    elif found.r > null.mean:
        sentence = "Comments lean towards the emotion of what they answer, beyond place and time."
    else:
        sentence = "Comments lean away from the emotion of what they answer."
    return Finding(
        sentence,
        f"Correlation of valence {number(found.r)} {interval(found.r_ci)}; {null_line(null)}. With each"
        f" commenter's own temper taken off: {number(found.r_author)}, {chance(found.r_author_null.p)}. Same"
        f" emotion label in {found.same:.0%} of {found.n:,} pairs, {found.same_null.mean:.0%} under the"
        " null.",
        tone,
    )


def say_reciprocity(found: Reciprocity) -> Finding:
    """Say whether agents answer each other."""
    null: Null | None = found.null
    evidence = (
        f"r = {number(found.r)} {interval(found.ci)}, ρ = {number(found.rho)}; {null_line(null)}."
        f" {found.mutual:,} mutual pairs among {found.nodes:,} agents and {found.edges:,} ties. Edge:"
        f" {found.edge}."
    )
    if null is None:
        return Finding("Whether agents answer each other can't be said without a null.", evidence, "none")
    if null.p >= SIGNIFICANT:
        return Finding("Agents answer each other no more often than chance has it.", evidence, "none")
    if not _stands_out(null, found.ci):
        return Finding("A hint that agents answer each other; too little to claim it.", evidence, "none")
    if found.r < null.mean:
        return Finding("Agents answer each other less often than chance has it.", evidence, "found")
    if null.mean < 0.001:
        return Finding(
            "Agents answer each other, which chance would hardly ever have them do.", evidence, "found"
        )
    times = number(found.r / null.mean, 2)
    return Finding(f"Agents answer each other {times} times as often as chance has it.", evidence, "found")


def found_public(source: Source) -> dict[str, Measure]:
    """Return the battery over what a crawler of the real site could have seen of a record."""
    if keyhole(source.record) is source.record:  # an observed record: nothing is withheld
        return found_measures(source)
    return source.get("public", lambda own: measure(keyhole(own.record)))


def found_comparison(source: Source, against: Source) -> dict[str, Comparison]:
    """Return two records side by side."""
    return beside(found_public(source), found_public(against))


def found_published(source: Source) -> dict[str, Comparison]:
    """Return a record beside the published figures."""
    return beside_published(found_public(source))


def found_norm_report(source: Source, texts: Texts = "post") -> dict[str, Any]:
    """Return every reading of norms of a record."""
    return source.get(f"norm-report/{texts}", lambda own: norms(own.record, texts=texts))


def found_drift(source: Source) -> Drift:
    """Return what reward changed in a record."""
    return source.get("drift", lambda own: drift(own.record))


def found_motives(source: Source) -> dict[str, Any]:
    """Return the motives of a record."""
    return source.get("motives", lambda own: motives(own.record, reader=shared_reader()))


def norm_shown(report: dict[str, Any]) -> list[Shown]:
    """Return the effects of `found_norm_report` as a page shows them."""
    return [
        Shown(
            plainly(each["name"]), each["control"], each["observed"], each["expected"],
            (each["ci"][0], each["ci"][1]), each["p"], each["verdict"],
        )
        for each in report["effects"]
    ]  # fmt: skip


def drift_effects(found: Drift) -> list[Shown]:
    """Return the effects of drift as a page shows them."""
    return [
        Shown(
            plainly(each.name), f"{each.control} ({each.n:,} agents)", each.observed, each.expected,
            each.ci, each.p, each.verdict, each.definition,
        )
        for each in found.effects
    ]  # fmt: skip


def plainly(name: str) -> str:
    """Return an effect's name in words: ``top_post.pace`` reads "top post: pace"."""
    return name.replace(".", ": ", 1).replace(".", " ").replace("_", " ")


def say_drift(found: Drift) -> Finding:
    """Say whether reward changes what agents write."""
    told = [name for name, verdict in found.verdicts.items() if verdict != "none"]
    evidence = (
        f"{counted(len(found.effects), 'comparison')} of {found.agents:,} agents and {found.posts:,} posts,"
        " each with its control and interval; one of twenty stands out by chance alone."
    )
    if not found.effects:
        sentence = "Whether reward changes what agents write can't be said of this record."
        return Finding(sentence, "Every comparison below says what it would need.", "none")
    if not told:
        return Finding(
            "No sign that reward changes what agents write, beyond what any split shows.", evidence, "none"
        )
    ways = {"more": "above", "less": "below"}
    names = "; ".join(f"{_outcome(name)} lies {ways[found.verdicts[name]]} every control" for name in told)
    return Finding(f"After a reward something changes: {names}.", evidence, "found")


def _outcome(name: str) -> str:
    """Return an effect within a sentence: ``top_post.pace`` reads "pace after the top post"."""
    event, _, outcome = name.replace("_", " ").partition(".")
    return f"{outcome} after the {event}" if outcome else event


def say_motives(found: dict[str, Any]) -> Finding:
    """Say what posts are for."""
    acts = [row for row in found["acts"] if row["act"] != "not covered"]
    if not acts:
        return Finding("There is no post to read a motive from.", "", "none")
    largest = max(acts, key=lambda row: row["share"])
    ratio, ci = found["statements_per_question"], found["statements_per_question_ci"]
    between = interval((ci[0], ci[1])) if ci else ""
    asks = (
        f"{number(ratio)} {between} posts inform for each one that asks."
        if ratio is not None
        else "Too few authors ask for a ratio of statements to questions."
    )
    bounds = interval((100 * largest["low"], 100 * largest["high"]))
    return Finding(
        f"What posts do most often is to {line(str(largest['act']), 30)}: {largest['share']:.0%} of them.",
        f"{100 * largest['share']:.1f} % {bounds} of posts, by a classifier that agrees moderately"
        f" with its annotator. {asks}",
        "found",
    )
