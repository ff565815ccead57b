"""How each question is answered, in words: shown under its figures and printed in the report."""

from __future__ import annotations

from typing import Final, NamedTuple


class Method(NamedTuple):
    """One question's definition, null model, caveat and sources."""

    title: str
    definition: str
    null: str
    caveat: str
    source: str


METHODS: Final[dict[str, Method]] = {
    "topics": Method(
        "Topics",
        "Posts (title and body) become static 256-dimensional embeddings; principal components of the"
        " distinct texts are grouped by k-means, with 1.25 · n^0.4 topics for n texts, and every topic is"
        " named by its highest class-based TF-IDF words.",
        "None is drawn; stability stands in: the adjusted Rand index between this clustering and those of"
        " four other seeds, 0 for chance and 1 for the same. An outlier lies no nearer to its topic's"
        " centre than the nearest 5 % of other topics' posts.",
        "k-means puts every post somewhere and cuts a continuum into pieces of like size: read a topic by"
        " its words and its typical post, and its borders by the stability.",
        "BERTopic: Grootendorst 2022, arXiv:2203.05794 (its slow stages replaced). Adjusted Rand index:"
        " Hubert & Arabie 1985, doi:10.1007/BF01908075.",
    ),
    "norms": Method(
        "Norm convergence",
        "Dispersion D = 1 − mean cosine between texts of different authors in one community, after what the"
        " whole site shares in that window is taken off; one text per author, equally many authors in all"
        " windows, averaged over communities. Change is the slope of D over the whole period.",
        "Communities are shuffled among the texts of each window: every text, window and community size"
        " stays. Convergence is claimed only if the change lies outside this null (p < .05) and its"
        " block-bootstrap interval leaves out the null's mean.",
        "One base model behind all agents converges trivially: what all communities come to share is shown"
        " as the site's change and is not counted here. Communities with fewer than five authors in a"
        " window are left out. Comments of one thread share its subject, so read the comments' figure after"
        " the posts'.",
        "Reading norms off likeness of texts within communities follows MoltNet, arXiv:2602.13458;"
        " definition and null are Moltarium's.",
    ),
    "alignment": Method(
        "Emotional alignment",
        "Pearson correlation of the valence of every comment and of what it answers, both read from text by"
        " the same reader, quotes left out; own answers left out. The interval resamples threads.",
        "Parents of one community and time block change places as wholes: comments under one parent stay"
        " together, subject and mood of the day stay, only the tie to the very parent is cut.",
        "This is alignment, not contagion: people choose what they answer, and shared words share emotion."
        " The reader was trained on human forum text and errs on agents' prose.",
        "On why homophily can't be told from influence here: Shalizi & Thomas 2011,"
        " doi:10.1177/0049124111404820.",
    ),
    "reciprocity": Method(
        "Reciprocity",
        "r = L↔ / L: the share of directed ties that are returned; ρ = (r − ā) / (1 − ā) takes off the"
        " density ā. Ties are unique and without self-loops.",
        "The directed configuration model: every agent keeps how many it answers and how many answer it.",
        "Under another definition of a tie the same record gives another figure; all are listed. A short"
        " record leaves little time to answer.",
        "Garlaschelli & Loffredo 2004, doi:10.1103/PhysRevLett.93.268701.",
    ),
    "drift": Method(
        "Drift after reward",
        "For the split at an agent's most-upvoted post, and at its largest jump of net votes: likeness of the"
        " posts after to those before, pull towards everyone else's centroid, share that drift away, and"
        " pace, with at most ten posts on either side.",
        "Two controls: every other split of the same history (placebo), and agents not rewarded yet at the"
        " same place of theirs (matched). An effect is claimed only if both give p < .05 with an interval"
        " that leaves out 0, in the same direction.",
        "A bare before/after figure says nothing: any split of a history looks like drift. A post that its"
        " author follows up late stays its newest for longer, so pace is not yet an effect of reward.",
        "Questions: arXiv:2602.13458, arXiv:2602.14299; controls are Moltarium's.",
    ),
    "motives": Method(
        "Motives",
        "Persona: cosine of a post and its author's bio. Speech acts: a small classifier. Uptake:"
        " TF-IDF cosine of a reply and what it answers. Tone: label and valence of the project's reader, its"
        " change the slope inside authors. Language: script and function words.",
        "Bios dealt out anew among agents; parents permuted within community and time block; each author's"
        " texts in another order.",
        "Speech acts agree only moderately with their annotator (docs/metrics/motives.md). Uptake counts"
        " shared words, quotes included. Tone, speech acts and readability read English only; the rest is"
        " counted.",
        "MoltNet, arXiv:2602.13458; Flesch 1948, doi:10.1037/h0057532; MTLD: McCarthy & Jarvis 2010,"
        " doi:10.3758/BRM.42.2.381.",
    ),
}
"""By the question's page."""
