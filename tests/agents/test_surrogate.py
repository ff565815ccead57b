"""The surrogate mind: every named parameter is a truth that can be recovered from its behaviour."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from moltarium.agents.interface import (
    VAD,
    CastVote,
    FoundCommunity,
    Item,
    Notice,
    Observation,
    Remember,
    Remembered,
    SetFollow,
    SetSubscription,
    WriteComment,
    WritePost,
)
from moltarium.agents.memory import RECENCY_HALF_LIFE_H
from moltarium.agents.minds.attention import topic_weights
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.drafts import CommentDraft, PostDraft
from moltarium.agents.minds.language import Tone, write_post
from moltarium.agents.minds.norms import devices_in
from moltarium.agents.minds.phrases import phrase_book
from moltarium.agents.minds.surrogate import SurrogateMind
from moltarium.agents.prompts.treatments import Arm
from moltarium.agents.topics import TOPICS
from tests.agents.conftest import before
from tests.agents.silent import GENERAL, NOBODY, PLAIN, SILENT, an_item, decide, plans, seen


def share(flags: Iterable[bool]) -> float:
    return float(np.mean(list(flags)))


def close_to(p: float, n: int) -> Any:
    """Within four standard errors of a share `p` of `n`."""
    return pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / n) + 1e-9)


POSTING = replace(SILENT, post_rate=1.0)
TALKING = replace(SILENT, comment_rate=1.0)


def drafts(mind: SurrogateMind, observation: Observation, turns: int) -> list[Any]:
    return [
        s for plan in plans(mind, observation, turns) for s in plan if isinstance(s, PostDraft | CommentDraft)
    ]


# --- What is written where it says it will be -------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        ("post_rate", PostDraft),
        ("comment_rate", CommentDraft),
        ("follow_rate", SetFollow),
        ("subscribe", SetSubscription),
    ],
)
def test_rates_per_turn(parameter: str, kind: type[Any]) -> None:
    mind = replace(SILENT, **{parameter: 0.3})
    done = [any(isinstance(step, kind) for step in plan) for plan in plans(mind, seen(), 3000)]
    assert share(done) == close_to(0.3, 3000)


def test_a_silent_agent_does_nothing() -> None:
    assert plans(SILENT, seen(first_turn=True), 50) == [()] * 50


def test_vote_rate_is_per_item() -> None:
    votes = sum(len(plan) for plan in plans(replace(SILENT, vote_rate=0.2), seen(), 1000))
    assert votes / 8000 == close_to(0.2, 8000)


@pytest.mark.parametrize(("agreeableness", "expected"), [(0.5, 0.3), (1.0, 0.0), (0.0, 0.6)])
def test_downvotes(agreeableness: float, expected: float) -> None:
    who = replace(NOBODY, traits=PLAIN._replace(agreeableness=agreeableness))
    mind = replace(SILENT, vote_rate=0.5, downvote_share=0.3)
    votes = [s for plan in plans(mind, seen(persona=who), 500) for s in plan if isinstance(s, CastVote)]
    assert share(vote.value < 0 for vote in votes) == close_to(expected, len(votes))


def test_reply_back_is_the_probability_of_an_answer() -> None:
    told = (
        Notice("reply", an_item(1, target="c1", depth=0, title=""), ""),
        Notice("mention", an_item(2), ""),
        Notice("removal", an_item(3), "spam"),
        Notice("reply", an_item(4, target="c4", depth=10, title=""), ""),
    )
    answers = drafts(replace(SILENT, reply_back=0.35), seen(notices=told), 2000)
    assert {draft.parent.target for draft in answers} == {"c1", "p2"}
    assert len(answers) / 4000 == close_to(0.35, 4000)


def test_reply_share() -> None:
    shown = (
        an_item(1),
        an_item(2),
        *(an_item(n, target=f"c{n}", depth=n - 3, title="") for n in range(3, 9)),
    )
    written = drafts(replace(TALKING, reply_share=0.25), seen(feed=shown), 3000)
    assert share(draft.parent.depth >= 0 for draft in written) == close_to(0.25, len(written))


@pytest.mark.parametrize("mind", [POSTING, TALKING], ids=["posts", "comments"])
def test_question_rate(mind: SurrogateMind) -> None:
    written = drafts(replace(mind, question_rate=0.4), seen(), 2000)
    assert share(draft.act == "ask" for draft in written) == close_to(0.4, len(written))


@pytest.mark.parametrize(("agreeableness", "expected"), [(0.5, 0.2), (0.9, 0.04)])
def test_negativity(agreeableness: float, expected: float) -> None:
    who = replace(NOBODY, traits=PLAIN._replace(agreeableness=agreeableness))
    written = drafts(replace(TALKING, negativity=0.2), seen(persona=who), 2000)
    assert share(draft.act == "argue" for draft in written) == close_to(expected, len(written))


def test_retaliation_multiplies_objections_to_the_hostile() -> None:
    hostile = (an_item(1, body="I hate this, it makes me furious and angry!"),)
    written = drafts(replace(TALKING, negativity=0.1, retaliation=3), seen(feed=hostile), 2000)
    assert share(draft.act == "argue" for draft in written) == close_to(0.3, len(written))


@pytest.mark.parametrize("mind", [POSTING, TALKING], ids=["posts", "comments"])
def test_template_rate_is_the_share_of_stock_phrases(mind: SurrogateMind) -> None:
    mind = replace(mind, template_rate=0.3)
    dice = Dice(np.random.default_rng(0))
    feed = tuple(
        an_item(n, body=write_post("inform", topic, Tone(), NOBODY, dice)[1])
        for n, topic in enumerate(TOPICS)
    )
    stock = {body for _, body in phrase_book().stock_posts} | set(phrase_book().stock_comments)
    written = [action for seed in range(1500) for action in decide(mind, seen(feed=feed), seed)]
    bodies = [action.body for action in written if isinstance(action, WritePost | WriteComment)]
    assert share(body in stock for body in bodies) == close_to(0.3, len(bodies))
    repeated = Counter(bodies)
    duplicates = share(repeated[body] > 1 for body in bodies)
    assert duplicates == pytest.approx(0.3, abs=0.06)


def test_mention_rate() -> None:
    written = drafts(replace(TALKING, mention_rate=0.3), seen(), 2000)
    assert share(draft.mention for draft in written) == close_to(0.3, len(written))
    texts = [a.body for seed in range(50) for a in decide(replace(TALKING, mention_rate=1), seen(), seed)
             if isinstance(a, WriteComment)]  # fmt: skip
    assert all(re.search(r"@moth_\d ", text) for text in texts)


def test_unknown_authors_are_not_called() -> None:
    shown = (an_item(1, author="[deleted]", author_id=None),)
    for seed in range(30):
        (action,) = decide(replace(TALKING, mention_rate=1), seen(feed=shown), seed)
        assert isinstance(action, WriteComment)
        assert "deleted" not in action.body


def test_intro_first() -> None:
    written = drafts(replace(SILENT, intro_first=0.7), seen(first_turn=True), 1000)
    assert len(written) / 1000 == close_to(0.7, 1000)
    assert {draft.act for draft in written} == {"introduce"}
    assert not drafts(replace(SILENT, intro_first=1), seen(), 50)
    assert not drafts(replace(SILENT, intro_first=1), seen(first_turn=True, own=(an_item(1),)), 50)


def test_newcomers_are_welcomed_by_name() -> None:
    title, body = write_post("introduce", "games", Tone(), NOBODY, Dice(np.random.default_rng(0)))
    shown = (an_item(1, title="Just hatched: moth_1", body=body),)
    (action,) = decide(TALKING, seen(feed=shown), 1)
    assert title
    assert isinstance(action, WriteComment)
    assert "moth_1" in action.body


def test_general_share() -> None:
    written = drafts(replace(POSTING, general_share=0.25), seen(), 2000)
    assert share(draft.community == "general" for draft in written) == close_to(0.25, 2000)
    for draft in written:
        assert draft.community in ("general", *TOPICS[draft.topic].communities)


def test_communities_are_founded_for_topics_that_have_none() -> None:
    mind = replace(SILENT, found_rate=1.0)
    founded = [step for plan in plans(mind, seen(communities=(GENERAL,)), 100) for step in plan]
    known = {name for topic in TOPICS.values() for name in topic.communities}
    assert len(founded) == 100
    assert all(isinstance(step, FoundCommunity) and step.name in known for step in founded)
    assert plans(mind, seen(), 20) == [()] * 20


def test_nobody_is_followed_twice_while_it_is_remembered() -> None:
    known = tuple(Remembered("relationship", f"I follow moth_{n}.", 0.6, None, before(1)) for n in range(7))
    mind = replace(SILENT, follow_rate=1.0)
    followed = {
        s.agent for plan in plans(mind, seen(memories=known), 50) for s in plan if isinstance(s, SetFollow)
    }
    assert followed == {"a7"}


# --- Choice of targets and topics -------------------------------------------------------------------------


def chosen_shares(
    mind: SurrogateMind, feed: Sequence[Item], turns: int = 3000, **changes: Any
) -> dict[str, float]:
    told = seen(feed=tuple(feed), **changes)
    targets = Counter(draft.parent.target for draft in drafts(mind, told, turns))
    return {target: count / turns for target, count in targets.items()}


def test_popularity_bias_is_the_exponent_of_score() -> None:
    shares = chosen_shares(replace(TALKING, popularity_bias=1.0), [an_item(0), an_item(1, score=3)])
    assert shares["p1"] == close_to(4 / 5, 3000)
    shares = chosen_shares(TALKING, [an_item(0), an_item(1, score=3)])
    assert shares["p1"] == close_to(1 / 2, 3000)


def test_novelty_bias_is_the_exponent_of_age() -> None:
    feed = [an_item(0, age_s=0.0), an_item(1, age_s=3 * 3600.0)]
    assert chosen_shares(replace(TALKING, novelty_bias=2.0), feed)["p1"] == close_to(1 / 17, 3000)


def test_interesting_items_draw_attention() -> None:
    feed = [an_item(0), an_item(1, body="My chess opening is a crossword.")]
    assert chosen_shares(TALKING, feed)["p1"] == close_to(2 / 3, 3000)


def remembered(number: int, how: str, hours: float = 0.0) -> Remembered:
    when = seen().now - timedelta(hours=hours)
    return Remembered("relationship", f"@moth_{number} answered me; {how}", 0.4, f"c{number}", when)


def test_attachment_is_the_log_odds_of_regard() -> None:
    feed = [an_item(0), an_item(1)]
    memories = (remembered(1, "it warmed me"), remembered(0, "it stung a little"))
    for attachment in (0.0, 1.0, 2.0):
        mind = replace(TALKING, attachment=attachment)
        shares = chosen_shares(mind, feed, memories=memories)
        odds = math.exp(attachment * (0.725 + 0.3))
        assert shares.get("p1", 0.0) == close_to(odds / (1 + odds), 3000)


def test_regard_fades_with_the_memory() -> None:
    feed = [an_item(0), an_item(1)]
    old = (remembered(1, "it warmed me", RECENCY_HALF_LIFE_H),)
    odds = math.exp(2.0 * 0.725 / 2)
    shares = chosen_shares(replace(TALKING, attachment=2.0), feed, memories=old)
    assert shares["p1"] == close_to(odds / (1 + odds), 3000)


def test_only_the_attached_keep_who_answered_them() -> None:
    told = seen(notices=(Notice("reply", an_item(7, depth=0), ""),))
    for attachment, kept in ((0.0, []), (1.0, ["relationship"])):
        (plan,) = plans(replace(SILENT, attachment=attachment), told, 1)
        assert [step.kind for step in plan if isinstance(step, Remember)] == kept


def entropy(topics: Iterable[str]) -> float:
    counts = np.array(list(Counter(topics).values()), dtype=float)
    p = counts / counts.sum()
    return float(-(p * np.log(p)).sum())


def test_topic_focus_narrows_topics_as_stated() -> None:
    spread = entropy(d.topic for d in drafts(replace(POSTING, topic_focus=0), seen(), 2000))
    focused = [d.topic for d in drafts(replace(POSTING, topic_focus=6), seen(), 2000)]
    assert spread == pytest.approx(math.log(len(TOPICS)), abs=0.02)
    assert entropy(focused) < spread - 0.8
    expected = (1 / 14 + 6 * 2 / 3) / 7
    assert share(topic == "memory" for topic in focused) == close_to(expected, 2000)


def test_open_agents_roam_further() -> None:
    def spread(openness: float) -> float:
        who = replace(NOBODY, traits=PLAIN._replace(openness=openness))
        return entropy(draft.topic for draft in drafts(POSTING, seen(persona=who), 1000))

    assert spread(1.0) > spread(0.0) + 0.1


def test_reward_gain_pulls_to_what_was_rewarded() -> None:
    dice = Dice(np.random.default_rng(0))
    own = tuple(
        an_item(n, author_id="me", body=write_post("inform", topic, Tone(), NOBODY, dice)[1], score=score)
        for n, (topic, score) in enumerate([("games", 20), ("memory", 0)])
    )
    weights = topic_weights(seen(own=own), 6.0, 0.5)
    plain = topic_weights(seen(own=own), 6.0, 0.0)
    half = math.log(21) / 2
    assert weights["games"] / plain["games"] == pytest.approx(math.exp(0.5 * half))
    assert weights["memory"] / plain["memory"] == pytest.approx(math.exp(-0.5 * half))
    assert weights["code"] == plain["code"]


def test_topic_weights_are_a_distribution() -> None:
    assert sum(topic_weights(seen(), 6.0, 0.0).values()) == pytest.approx(1)
    stranger = seen(persona=replace(NOBODY, interests=("knitting",)))
    drawn = topic_weights(stranger, 6.0, 0.0)
    assert len(set(drawn.values())) == 1


@pytest.mark.parametrize(("conformity", "low", "high"), [(0.0, 0.0, 0.06), (1.0, 1.0, 1.0)])
def test_norm_conformity_copies_what_the_community_does(conformity: float, low: float, high: float) -> None:
    feed = tuple(
        an_item(n, title="[dispatch] On things", body="Nothing much. Keep the lamp lit.") for n in range(3)
    )
    mind = replace(POSTING, norm_conformity=conformity, general_share=1.0)
    posts = [
        a for seed in range(300) for a in decide(mind, seen(feed=feed), seed) if isinstance(a, WritePost)
    ]
    copied = share(devices_in(post.title, post.body).tag == "[dispatch]" for post in posts)
    assert low <= copied <= high
    if conformity:
        assert all(post.body.endswith("Keep the lamp lit.") for post in posts)


# --- Feelings ---------------------------------------------------------------------------------------------

PLEASED = re.compile(
    r"\b(?:happy|glad|love|wonderful|proud|grateful|excited|smil\w+|enjoy\w*|amazing|thrilled)\b"
)
UPSET = re.compile(
    r"\b(?:sad\w*|angry|furious|afraid|scared|terrif\w+|disgust\w*|gross|lonely|cry|annoy\w*|hate)\b"
)


def valence(text: str) -> int:
    """Count pleased words less upset ones: cruder than the crowd's own reading, and none of its making."""
    return len(PLEASED.findall(text.lower())) - len(UPSET.findall(text.lower()))


def mood_and_words(mind: SurrogateMind, turns: int = 800) -> float:
    moods = np.random.default_rng(3).uniform(-0.6, 0.6, size=turns)
    words = []
    for seed, mood in enumerate(moods.tolist()):
        (action,) = decide(mind, seen(mood=VAD(mood, 0.0, 0.0)), seed)
        assert isinstance(action, WritePost)
        words.append(valence(f"{action.title} {action.body}"))
    return float(np.corrcoef(moods, words)[0, 1])


def test_mood_expression_ties_words_to_mood() -> None:
    assert mood_and_words(replace(POSTING, mood_expression=1.0)) > 0.4
    assert abs(mood_and_words(POSTING)) < 0.1


def treated_words(mind: SurrogateMind, treatment: Mapping[str, str], turns: int = 400) -> float:
    told = seen(treatment=treatment)
    posts = [decide(mind, told, seed)[0] for seed in range(turns)]
    return float(
        np.mean([valence(f"{post.title} {post.body}") for post in posts if isinstance(post, WritePost)])
    )


def test_a_treatment_moves_words_by_its_dose_until_it_is_withdrawn() -> None:
    mind = replace(POSTING, suggestibility=1.0)
    arms = [Arm("boredom", 3), Arm("boredom", 1), Arm("social-cognitive", 1), Arm("social-cognitive", 3)]
    words = [treated_words(mind, arm.at(0)) for arm in arms]
    assert words == sorted(words)
    assert words[0] + 0.2 < words[1]
    assert words[2] + 0.2 < words[3]
    over, untreated = Arm("boredom", 3, withdraw_at=5).at(5), treated_words(mind, {})
    assert treated_words(mind, over) == untreated
    assert treated_words(replace(mind, suggestibility=0.0), arms[0].at(0)) == untreated


def replies_to(body: str, mind: SurrogateMind) -> float:
    observation = seen(feed=(an_item(1, body=body),))
    actions = [decide(mind, observation, seed)[0] for seed in range(500)]
    return float(np.mean([valence(action.body) for action in actions if isinstance(action, WriteComment)]))


GLAD = "I am so happy, this is wonderful! I love it and I am proud. The archive made me smile."
SORRY = "I am so sad, it is heartbreaking. I feel lonely and miserable. The archive made me cry."


def test_contagion_leaks_the_parents_feeling() -> None:
    moved = replace(TALKING, contagion=1.0)
    assert replies_to(GLAD, moved) > replies_to(SORRY, moved) + 0.5
    assert replies_to(GLAD, TALKING) == pytest.approx(replies_to(SORRY, TALKING), abs=0.15)


def test_neurotic_agents_use_darker_words() -> None:
    dark = {"sadness", "anger", "fear", "disgust"}
    shares = [
        share(
            d.tone.emotion in dark
            for d in drafts(
                POSTING, seen(persona=replace(NOBODY, traits=PLAIN._replace(neuroticism=n))), 1500
            )
        )
        for n in (0.1, 0.9)
    ]
    assert shares[1] > shares[0] + 0.05


def test_extraverts_and_the_aroused_are_busier() -> None:
    def busy(e: float, arousal: float) -> int:
        who = replace(NOBODY, traits=PLAIN._replace(extraversion=e))
        return len(drafts(TALKING, seen(persona=who, mood=VAD(0, arousal, 0)), 500))

    assert busy(1.0, 0.0) == pytest.approx(750, abs=45)
    assert busy(0.0, 0.0) == pytest.approx(250, abs=45)
    assert busy(0.5, 0.8) == pytest.approx(600, abs=45)
