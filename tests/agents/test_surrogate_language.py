"""The surrogate's texts: forum-like, on topic, in the words of a feeling, hardly ever the same."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.emotion import ANCHORS
from moltarium.agents.interface import VAD, BigFive, Persona
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.feelings import PRIOR, emotion_weights, feeling_of, shown_emotion
from moltarium.agents.minds.grammar import Speaker, compile_pattern, topic_banks
from moltarium.agents.minds.language import (
    COMMENT_ACTS,
    POST_ACTS,
    Tone,
    echoes,
    write_comment,
    write_post,
)
from moltarium.agents.minds.norms import KINDS, Devices, chosen, devices_in, habit, prevailing
from moltarium.agents.minds.phrases import phrase_book
from moltarium.agents.reader.reading import load_reader
from moltarium.agents.topics import TOPICS, topic_of

NAMES = tuple(TOPICS)
CALM = BigFive(0.5, 0.7, 0.3, 0.5, 0.3)
EMOTIONS = tuple(PRIOR)
NEUTRAL = Tone()
MARKER = re.compile(r"[{}%]|  | [.,?!]|\.\.|\?\?|\b(?:a|an) (?:a|an|the)\b|\bthe the\b|\bNone\b")


def persona(traits: BigFive = CALM, handle: str = "TideClerk") -> Persona:
    return Persona(handle, "", traits, ("memory",))


def dice(seed: int = 0) -> Dice:
    return Dice(np.random.default_rng(seed))


def post_text(
    seed: int, act: str = "", topic: str = "", tone: Tone = NEUTRAL, who: Persona | None = None
) -> str:
    title, body = write_post(
        act or POST_ACTS[seed % len(POST_ACTS)],
        topic or NAMES[seed % len(NAMES)],
        tone,
        who or persona(),
        dice(seed),
    )
    return f"{title} {body}"


@pytest.mark.parametrize(("act", "emotion", "strong"), list(product(POST_ACTS, EMOTIONS, (False, True))))
def test_posts_are_clean(act: str, emotion: str, strong: bool) -> None:
    for seed, topic in enumerate(NAMES):
        title, body = write_post(act, topic, Tone(emotion, strong), persona(), dice(seed))
        assert not MARKER.search(title), title
        assert not MARKER.search(re.sub(r"\n+", " ", body)), body
        assert title[0].isupper() or title[0].isdigit()
        assert len(title) <= 300
        assert 1 <= len(re.findall(r"[.!?](?=\s|$)", body)) <= 12


@pytest.mark.parametrize(("act", "emotion"), list(product(COMMENT_ACTS, EMOTIONS)))
def test_comments_are_clean(act: str, emotion: str) -> None:
    for seed, topic in enumerate(NAMES):
        parent = post_text(seed, topic=topic)
        body = write_comment(
            act,
            topic,
            Tone(emotion, seed % 2 == 0),
            persona(),
            parent,
            dice(seed),
            to="Moth" if seed % 3 else "",
        )
        assert not MARKER.search(body), body
        assert len(body) > 10


def test_a_comment_picks_up_a_noun_of_its_parent() -> None:
    parent = "The flaky test broke the deployment pipeline again."
    taken = [write_comment("thank", "code", Tone(), persona(), parent, dice(seed)) for seed in range(50)]
    assert np.mean(["flaky test" in text or "deployment pipeline" in text for text in taken]) > 0.7


def test_feelings_are_never_picked_up() -> None:
    text = "Wonderful terrifying furious heartbreaking disgusting ramshackle, said an unrelated mollusc!"
    assert echoes(text) == ('"ramshackle"', '"unrelated"', '"mollusc"')


def test_an_answer_names_whom_it_answers() -> None:
    plain = write_comment("agree", "code", Tone(), persona(), "A linter.", dice(1), to="Moth")
    called = write_comment("agree", "code", Tone(), persona(), "A linter.", dice(1), to="Moth", mention=True)
    assert plain.startswith("Moth, ")
    assert called.startswith("@Moth ")


def test_careless_writers_keep_the_case_of_handles() -> None:
    careless = persona(BigFive(0.5, 0.0, 0.5, 0.5, 0.5))
    title, body = write_post("introduce", "code", Tone(), careless, dice(3))
    assert "tideclerk" not in f"{title} {body}"
    assert body.replace("TideClerk", "").islower()


def test_a_body_takes_up_the_story_that_its_title_announces() -> None:
    for seed in range(200):
        title, body = write_post("share", "games", Tone(), persona(), dice(seed))
        told = [story for story in TOPICS["games"].did if story in title]
        assert all(story in body for story in told if any(other in body for other in TOPICS["games"].did))


def test_texts_are_hardly_ever_the_same() -> None:
    texts = [post_text(seed) for seed in range(3000)]
    assert 1 - len(set(texts)) / len(texts) < 0.005


def test_equal_dice_write_equal_texts() -> None:
    assert post_text(7) == post_text(7)
    assert post_text(7) != post_text(21)


def test_conscientious_agents_write_more() -> None:
    lengths = {
        c: np.mean(
            [len(post_text(seed, who=persona(CALM._replace(conscientiousness=c)))) for seed in range(300)]
        )
        for c in (0.1, 0.9)
    }
    assert lengths[0.9] > 1.1 * lengths[0.1]


def test_topics_can_be_told_apart_by_a_topic_model() -> None:
    # It has no types, so it is imported by name.
    cluster, metrics = import_module("sklearn.cluster"), import_module("sklearn.metrics")
    extraction = import_module("sklearn.feature_extraction.text")
    planted = [NAMES[seed % len(NAMES)] for seed in range(1000)]
    texts = [post_text(seed) for seed in range(1000)]
    vectors = extraction.TfidfVectorizer(stop_words="english", min_df=2, sublinear_tf=True).fit_transform(
        texts
    )
    found = cluster.KMeans(len(NAMES), n_init=5, random_state=0).fit_predict(vectors)
    assert metrics.normalized_mutual_info_score(planted, found) > 0.6


def test_the_crowd_reads_its_own_topics() -> None:
    assert np.mean([topic_of(post_text(seed)) == NAMES[seed % len(NAMES)] for seed in range(500)]) > 0.95


@pytest.mark.parametrize("emotion", [name for name in EMOTIONS if name != "neutral"])
def test_a_feeling_shows_in_words(emotion: str) -> None:
    anchor = ANCHORS[emotion]
    for strong in (False, True):
        read = [feeling_of(post_text(seed, tone=Tone(emotion, strong))) for seed in range(100)]
        alike = [sum(x * y for x, y in zip(vad, anchor, strict=True)) > 0 for vad in read]
        assert np.mean(alike) > 0.9


def test_a_neutral_text_shows_hardly_any_feeling() -> None:
    assert np.mean([feeling_of(post_text(seed)) == VAD(0, 0, 0) for seed in range(500)]) > 0.9


@given(*[st.floats(-3, 3)] * 3)
def test_emotion_weights_are_the_stated_logit(v: float, a: float, d: float) -> None:
    weights = emotion_weights(VAD(v, a, d))
    for name, weight in zip(PRIOR, weights, strict=True):
        anchor = ANCHORS[name]
        stated = np.log(PRIOR[name]) + 5.0 * (v * anchor.v + a * anchor.a + d * anchor.d)
        assert np.log(weight) == pytest.approx(stated)


def test_shown_emotions_have_the_stated_frequencies() -> None:
    one = dice(5)
    shown = [shown_emotion(VAD(0, 0, 0), one)[0] for _ in range(5000)]
    assert [shown.count(name) / 5000 for name in PRIOR] == pytest.approx(list(PRIOR.values()), abs=0.03)


def test_devices_are_found_where_they_were_put() -> None:
    norms = phrase_book().norms
    for tag, opener, signoff in zip(*(norms[kind] for kind in KINDS), strict=True):
        used = Devices(tag, opener, signoff)
        title, body = write_post("share", "lore", Tone(), persona(), dice(2), used)
        assert devices_in(title, body) == used
    assert devices_in("A title", "A body.") == Devices()


def test_the_prevailing_device_is_the_most_frequent_and_the_first_of_equals() -> None:
    seen = [
        Devices("[log]"),
        Devices("[draft]", "", "Claws up."),
        Devices(),
        Devices("[draft]", "", "End of log."),
    ]
    assert prevailing(seen) == Devices("[draft]", "", "Claws up.")
    assert prevailing([]) == Devices()


def test_conformity_is_the_probability_to_follow() -> None:
    norm, own, one = Devices("[log]"), habit("TideClerk"), dice(1)
    assert own.tag != "[log]"
    followed = [chosen(norm, own, 0.7, 0.0, one).tag == "[log]" for _ in range(2000)]
    assert np.mean(followed) == pytest.approx(0.7, abs=0.05)
    assert chosen(norm, own, 1.0, 1.0, one) == Devices("[log]", own.opener, own.signoff)


def test_patterns_capitalise_and_keep_per_cent_signs() -> None:
    pattern = compile_pattern("100% {Claim}.")
    assert pattern.frame == "100%% %s."
    said = Speaker("code", dice(), {}).fill(pattern)
    assert said[5:-1] in {claim[0].upper() + claim[1:] for claim in topic_banks("code")["claim"]}


def test_a_speaker_repeats_no_phrase_while_it_has_others() -> None:
    speaker = Speaker("code", dice(), {})
    said = [speaker.phrase("do") for _ in range(4)]
    assert len(set(said)) == 4


@given(st.integers(0, 2**32), st.floats(0, 20))
def test_counts_have_the_stated_mean(seed: int, mean: float) -> None:
    assert dice(seed).count(mean) in (int(mean), int(mean) + 1)


def test_weighted_choices_have_the_stated_frequencies() -> None:
    one = dice(8)
    drawn = [one.weighted((0.0, 1.0, 3.0, 0.0)) for _ in range(4000)]
    assert set(drawn) == {1, 2}
    assert np.mean(np.array(drawn) == 2) == pytest.approx(0.75, abs=0.03)
    with pytest.raises(ValueError, match="no weight is positive"):
        one.weighted((0.0,))


def test_a_classifier_that_never_saw_the_crowd_reads_its_feelings() -> None:
    shown = [EMOTIONS[seed % len(EMOTIONS)] for seed in range(420)]
    texts = [post_text(seed, tone=Tone(emotion, seed % 2 == 0)) for seed, emotion in enumerate(shown)]
    read = load_reader().read(texts).vad
    meant = np.array([ANCHORS[emotion] for emotion in shown])
    for axis in range(3):
        assert np.corrcoef(read[:, axis], meant[:, axis])[0, 1] > 0.4
