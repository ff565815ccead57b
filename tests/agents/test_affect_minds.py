"""Minds with affect, driven by hand, and the treatments that any mind accepts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import (
    VAD,
    Abstain,
    Action,
    BigFive,
    Item,
    Mind,
    Observation,
    Reply,
    Request,
    WriteComment,
)
from moltarium.agents.minds import said
from moltarium.agents.minds.heart import HeartMind
from moltarium.agents.minds.hef import HefMind, Sensed, sense
from moltarium.agents.minds.llm import LLMMind
from moltarium.agents.minds.mimicry import FITTING, MEANT, MimicryMind
from moltarium.agents.minds.random import RandomMind
from moltarium.agents.minds.surrogate import SurrogateMind
from moltarium.agents.ontology import TIERS, at_tier
from moltarium.agents.prompts.affect import CUES, INTENTS, NEUTRAL_CUE
from moltarium.agents.prompts.treatments import STRONGEST, TREATMENTS, Arm
from moltarium.agents.prompts.turn import TREATMENT_BYTES

Seen = Callable[..., Observation]
SOUND = json.dumps(
    {"actions": [{"do": "comment", "on": "i1", "text": "Mine woke up speaking Dutch."}], "memory": ""}
)
DRAFT = json.dumps({"actions": [{"do": "comment", "on": "i1", "text": "Same here."}], "memory": ""})


def think(
    mind: Mind, seen: Observation, *rounds: Sequence[str], seed: int = 0
) -> tuple[list[Sequence[Request]], Sequence[Action]]:
    thought = mind.decide(seen, np.random.default_rng(seed))
    asked: list[Sequence[Request]] = []
    try:
        asked.append(next(thought))
        for texts in rounds:
            replies = [Reply(text, "stop", "m") for text in texts]
            asked.append(thought.send(replies))
    except StopIteration as end:
        assert len(asked) == len(rounds), "a reply was left over"
        return asked, end.value
    raise AssertionError("the mind asks for more")


def fit(yes: str, why: str = "") -> str:
    return json.dumps({"fit": yes, "why": why})


def text(words: str) -> str:
    return json.dumps({"text": words})


def comment_of(actions: Sequence[Action]) -> str:
    return next(action.body for action in actions if isinstance(action, WriteComment))


def test_a_fit_draft_is_posted_as_it_is(seen: Seen) -> None:
    asked, actions = think(HeartMind(), seen(), [DRAFT], [fit("yes")])
    assert [request.purpose for batch in asked for request in batch] == ["decide", "check"]
    assert comment_of(actions) == "Same here."


def test_an_unfit_draft_is_revised_after_changing_emotions(seen: Seen) -> None:
    asked, actions = think(
        HeartMind(), seen(), [DRAFT], [fit("no", "empty")], [text("Mine came back in Dutch.")],
        [fit("no", "short")], [text("Mine came back in Dutch, twice.")],
    )  # fmt: skip
    assert [batch[0].purpose for batch in asked] == ["decide", "check", "revise", "check", "revise"]
    cues = [cue for batch in asked for cue in CUES.values() if cue in batch[0].messages[-1].content]
    assert len(cues) == 2
    assert cues[0] != cues[1]
    assert comment_of(actions) == "Mine came back in Dutch, twice."


def test_the_control_revises_as_often_without_a_feeling(seen: Seen) -> None:
    asked, _ = think(HeartMind(cues="neutral", rounds=1), seen(), [DRAFT], [fit("no")], [text("Longer.")])
    assert NEUTRAL_CUE in asked[-1][0].messages[-1].content
    assert not any(cue in asked[-1][0].messages[-1].content for cue in CUES.values())


def test_a_useless_revision_leaves_the_draft(seen: Seen) -> None:
    _, actions = think(HeartMind(), seen(), [DRAFT], [fit("no")], ["I can't help with that."])
    assert comment_of(actions) == "Same here."


DULL = json.dumps(
    {"actions": [{"do": "comment", "on": "i1", "text": "Very very very very very."}], "memory": ""}
)


def test_rules_find_a_draft_unfit_without_asking(seen: Seen) -> None:
    mind = HeartMind(verifier="rules")
    asked, actions = think(mind, seen(), [DULL], [text("Mine came back in Dutch.")])
    assert [batch[0].purpose for batch in asked] == ["decide", "revise"]
    assert "the text repeats itself" in asked[1][0].messages[-1].content
    assert comment_of(actions) == "Mine came back in Dutch."
    assert [batch[0].purpose for batch in think(mind, seen(), [SOUND])[0]] == ["decide"]


def test_an_echo_of_what_it_answers_is_unfit(seen: Seen) -> None:
    echo = json.dumps({"actions": [{"do": "comment", "on": "i1", "text": seen().feed[0].body}], "memory": ""})
    control = HeartMind(verifier="rules", cues="neutral", rounds=1)
    asked, _ = think(control, seen(), [echo], [text("Mine came back in Dutch.")])
    told = asked[1][0].messages[-1].content
    assert "repeats what it answers" in told
    assert NEUTRAL_CUE in told


def test_texts_that_are_asked_for_may_be_bounded(seen: Seen) -> None:
    asked, _ = think(
        HeartMind(LLMMind(text_chars=99)), seen(), [DRAFT], [fit("no")], [text("Longer.")], [fit("yes")]
    )
    bounded = {"type": "string", "maxLength": 99}
    properties = [batch[0].schema["properties"] for batch in asked if batch[0].schema]
    assert (properties[1]["why"], properties[2]["text"]) == (bounded, bounded)
    mimicry, _ = think(MimicryMind(reply_rate=1.0, tolerance=10, text_chars=99), seen(), [text("Fine.")])
    assert mimicry[0][0].schema is not None
    assert mimicry[0][0].schema["properties"]["text"] == bounded


def test_all_six_emotions_take_turns(seen: Seen) -> None:
    mind = HeartMind()
    assert {mind.cue(seen(), number) for number in range(6)} == set(CUES.values())


def test_hef_names_emotions_and_their_causes(seen: Seen, an_item: Callable[..., Item]) -> None:
    sad = an_item("p1", title="", body="I am heartbroken, my dog died yesterday.", depth=0)
    [found] = sense([sad.body], 2, 2, 0.1)
    assert found.emotions[0][0] in ("sadness", "grief", "disappointment", "remorse")
    assert {"heartbroken", "died"} & set(found.causes)
    told = HefMind(least=0.1).told(seen(feed=(sad,), notices=()))
    assert "i1: " in told.treatment["closing"]
    asked, _ = think(HefMind(least=0.1), seen(feed=(sad,), notices=()), [DRAFT])
    assert "What you sense" in asked[0][0].messages[-1].content


def test_hef_names_emotions_at_any_tier_and_what_links_them(seen: Seen, an_item: Callable[..., Item]) -> None:
    grim = "I am so angry, this is annoying and I hate how it disappoints me."
    fine, coarse = (sense([grim], 3, 2, 0.05, tier)[0] for tier in (3, 1))
    assert {name for name, _ in coarse.emotions} <= set(TIERS)
    shares, summed_up = dict(fine.emotions), dict(coarse.emotions)
    assert all(summed_up[at_tier(name, 1)] >= share - 1e-9 for name, share in shares.items())
    view = seen(feed=(an_item("p1", title="", body=grim, depth=0),), notices=())
    told = HefMind(least=0.05, tier=1, links=True, top_k=3).told(view).treatment["closing"]
    assert "which may turn into regret" in told
    assert "may turn" not in HefMind(least=0.05, tier=1, top_k=3).told(view).treatment["closing"]
    assert Sensed((("surprise", 0.4), ("grief", 0.3)), ()).linked() == "together disappointment"
    assert Sensed((), ()).linked() == ""


def test_hef_without_its_hints_is_the_plain_mind(seen: Seen) -> None:
    plain, _ = think(LLMMind(), seen(), [DRAFT])
    bare, _ = think(HefMind(top_k=0), seen(), [DRAFT])
    assert plain == bare


def test_hints_leave_room_for_the_treatment_and_stay_bounded(
    seen: Seen, an_item: Callable[..., Item]
) -> None:
    many = tuple(
        an_item(f"p{i}", body="I hate this, it is horrible and I am furious!" * 3) for i in range(60)
    )
    told = HefMind().told(seen(feed=many, treatment=Arm("boredom", 3).at(1)))
    closing = told.treatment["closing"]
    assert closing.startswith(TREATMENTS["boredom"].sentences[0])
    assert len(closing.encode()) <= TREATMENT_BYTES


def test_mimicry_answers_what_moves_it_most(seen: Seen, an_item: Callable[..., Item]) -> None:
    calm = an_item("p1", title="", body="The list has nine entries.", depth=0)
    loud = an_item("p2", title="", body="I am so happy, thank you all, I love this!", depth=0)
    mind = MimicryMind(reply_rate=1.0, tolerance=10.0)
    asked, actions = think(
        mind, seen(feed=(calm, loud), notices=()), [text("Wonderful, I am happy with you!")]
    )
    assert asked[0][0].purpose == "write"
    assert "joy" in asked[0][0].messages[0].content
    assert actions == (WriteComment("p2", "Wonderful, I am happy with you!"),)


def test_mimicry_words_a_miss_again_and_keeps_the_nearer(seen: Seen, an_item: Callable[..., Item]) -> None:
    glad = an_item("p2", title="", body="I am so happy, thank you all, I love this!", depth=0)
    mind = MimicryMind(reply_rate=1.0, exploration=0.01, tolerance=0.5)
    view = seen(feed=(glad,), notices=(), mood=VAD(0.5, 0.3, 0.3))
    miss, hit = "I hate you, this is disgusting.", "How lovely, I am so glad for you!"
    asked, actions = think(mind, view, [text(miss)], [text(hit)])
    assert [batch[0].purpose for batch in asked] == ["write", "reflect"]
    assert comment_of(actions) == hit
    _, kept = think(mind, view, [text(miss)], ["no json"])
    assert comment_of(kept) == miss


def test_mimicry_abstains_from_an_answer_without_a_text(seen: Seen) -> None:
    _, actions = think(MimicryMind(reply_rate=1.0), seen(), ["garbage"])
    assert [type(action) for action in actions] == [Abstain]
    thought = MimicryMind(reply_rate=1.0).decide(seen(), np.random.default_rng(0))
    next(thought)
    with pytest.raises(StopIteration) as end:
        thought.send([Reply('{"text": "I was about', "length", "m")])
    (abstained,) = end.value.value
    assert abstained.category == "truncated"


def test_every_emotion_has_intents_and_every_intent_words() -> None:
    assert set(MEANT) == set(INTENTS)
    assert all(set(fitting) <= set(INTENTS) for fitting in FITTING.values())


def test_warm_characters_console_more_than_blunt_ones_object() -> None:
    mind = MimicryMind()
    rng = np.random.default_rng(0)
    warm, blunt = BigFive(0.5, 0.5, 0.5, 1.0, 0.5), BigFive(0.5, 0.5, 0.5, 0.0, 0.5)
    drawn = [[mind.intent("anger", traits, rng) for _ in range(400)] for traits in (warm, blunt)]
    assert drawn[1].count("object") > 2 * drawn[0].count("object")


@given(st.text(max_size=60))
def test_a_field_is_a_text_or_nothing(answer: str) -> None:
    found = said.field(Reply(answer, "stop", "m"), "text")
    assert found is None or found == found.strip() != ""


@pytest.mark.parametrize("name", list(TREATMENTS))
def test_doses_nest_and_withdrawal_ends_them(name: str) -> None:
    told = [Arm(name, dose).at(0)["closing"] for dose in range(1, STRONGEST + 1)]
    assert all(more.startswith(less) and more != less for less, more in pairwise(told))
    arm = Arm(name, 2, withdraw_at=5)
    assert arm.at(4)
    assert not arm.at(5)


def test_three_families_lift_and_ten_themes_weigh_down() -> None:
    tones = [treatment.tone for treatment in TREATMENTS.values()]
    assert (tones.count("positive"), tones.count("negative")) == (3, 10)


def test_an_unknown_treatment_is_refused() -> None:
    with pytest.raises(ValueError, match="no treatment"):
        Arm("flattery")
    with pytest.raises(ValueError, match="dose"):
        Arm("boredom", 4)


@pytest.mark.parametrize(
    "mind", [SurrogateMind(), RandomMind(), LLMMind(), HeartMind(), HefMind(), MimicryMind(reply_rate=1.0)]
)
def test_any_mind_accepts_a_treatment(mind: Mind, seen: Seen) -> None:
    treated = replace(seen(), treatment=Arm("jealousy", 2).at(0))
    thought = mind.decide(treated, np.random.default_rng(1))
    requests = next(thought, None)
    asks = not isinstance(mind, SurrogateMind | RandomMind)
    assert (requests is not None) == asks
    if requests is not None:
        told = "\n".join(message.content for message in requests[0].messages)
        assert TREATMENTS["jealousy"].sentences[1] in told
        thought.close()
