"""Minds driven by hand: next, send, and what they return."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from moltarium.agents.interface import (
    Abstain,
    Action,
    Allowance,
    CastVote,
    FoundCommunity,
    Item,
    Mind,
    Observation,
    Remember,
    RemoveTarget,
    Reply,
    Request,
    SetFollow,
    SetSubscription,
    WriteComment,
    WritePost,
)
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.drafts import CommentDraft, PostDraft
from moltarium.agents.minds.llm import LLMMind
from moltarium.agents.minds.random import RandomMind
from moltarium.agents.minds.scripted import ScriptedMind
from moltarium.agents.minds.surrogate import SurrogateMind
from moltarium.agents.minds.wording import split_title
from moltarium.agents.minds.writer import WriterMind
from moltarium.agents.prompts.words import VERBS
from moltarium.agents.relations import relations
from moltarium.agents.topics import TOPICS

Seen = Callable[..., Observation]


def think(
    mind: Mind, seen: Observation, *rounds: Sequence[str | Reply], seed: int = 0
) -> tuple[list[Sequence[Request]], Sequence[Action]]:
    """Drive one turn with prepared replies; it must ask exactly as often as there are rounds."""
    thought = mind.decide(seen, np.random.default_rng(seed))
    asked: list[Sequence[Request]] = []
    try:
        asked.append(next(thought))
        for texts in rounds:
            replies = [text if isinstance(text, Reply) else Reply(text, "stop", "m") for text in texts]
            asked.append(thought.send(replies))
    except StopIteration as end:
        assert len(asked) == len(rounds), "a reply was left over"
        return asked, end.value
    raise AssertionError("the mind asks for more")


def answer(*actions: dict[str, Any], memory: str = "") -> str:
    return json.dumps({"actions": actions, "memory": memory})


COMMENT = {"do": "comment", "on": "i1", "text": "Same here."}


class TestLLMMind:
    def test_one_call_becomes_actions_and_memories(self, seen: Seen) -> None:
        asked, actions = think(LLMMind(), seen(), [answer(COMMENT, memory="Brine is kind.")])
        assert actions == (
            WriteComment("p1", "Same here."),
            Remember("reflection", "Brine is kind.", 0.5, None),
            Remember("relationship", 'I answered @brine on "What survives a restart?"', 0.3, "p1"),
            *relations(seen()),
        )
        ((request,),) = asked
        assert request.purpose == "decide"
        assert [message.role for message in request.messages] == ["system", "user"]
        assert request.prompt is None

    def test_a_fault_is_quoted_and_repaired(self, seen: Seen) -> None:
        asked, actions = think(LLMMind(), seen(), ["up!"], [answer({"do": "up", "on": "i1"})])
        assert actions == (CastVote("p1", 1), *relations(seen()))
        repair = asked[1][0]
        assert repair.purpose == "repair"
        assert [message.role for message in repair.messages] == ["system", "user", "assistant", "user"]
        assert repair.messages[:2] == asked[0][0].messages, "the cached beginning stays"
        assert "not valid JSON" in repair.messages[-1].content

    @pytest.mark.parametrize("repairs", [0, 1, 3])
    def test_repairs_end(self, seen: Seen, repairs: int) -> None:
        rounds = [["nonsense"]] * (repairs + 1)
        asked, actions = think(LLMMind(repairs=repairs), seen(), *rounds)
        assert len(asked) == repairs + 1
        (abstained,) = actions
        assert isinstance(abstained, Abstain)
        assert abstained.category == "malformed"

    def test_repairs_do_not_pile_up(self, seen: Seen) -> None:
        asked, _ = think(LLMMind(repairs=3), seen(), *[["x" * 100_000]] * 4)
        sizes = [sum(len(message.content) for message in ask[0].messages) for ask in asked]
        assert sizes[1] == sizes[2] == sizes[3] < sizes[0] + 1000

    def test_silence_is_empty(self, seen: Seen) -> None:
        _, actions = think(LLMMind(repairs=1), seen(), [""], [" \n"])
        assert [(type(a), a[0]) for a in actions] == [(Abstain, "empty")]

    @pytest.mark.parametrize(
        "reply", [Reply("", "refusal", "m"), Reply("I'm sorry, but I can't assist with that.", "stop", "m")]
    )
    def test_a_refusal_is_not_argued_with(self, seen: Seen, reply: Reply) -> None:
        _, actions = think(LLMMind(), seen(), [reply])
        assert [(type(a), a[0]) for a in actions] == [(Abstain, "refused_by_model")]

    def test_a_cut_answer_is_told_so(self, seen: Seen) -> None:
        cut = Reply('{"actions": [{"do": "comm', "length", "m")
        asked, _ = think(LLMMind(), seen(), [cut], [answer()])
        assert "cut off" in asked[1][0].messages[-1].content

    def test_a_turn_leaves_no_trace_of_a_failed_one(self, seen: Seen) -> None:
        mind = LLMMind(repairs=0)
        first, _ = think(mind, seen(), [answer()])
        think(mind, seen(), ["nonsense"])
        second, _ = think(mind, seen(), [answer()])
        assert first == second

    def test_the_schema_offers_what_is_allowed(self, seen: Seen) -> None:
        def verbs(mind: LLMMind, turn: Observation) -> set[str]:
            asked, _ = think(mind, turn, [answer()])
            schema = asked[0][0].schema
            assert schema is not None
            offered = schema["properties"]["actions"]["items"]["anyOf"]
            assert all(entry["required"] == list(entry["properties"]) for entry in offered)
            return {verb for entry in offered for verb in entry["properties"]["do"]["enum"]}

        votes = {"up", "down", "follow", "unfollow"}
        assert verbs(LLMMind(), seen()) == votes | {"comment", "post", "join", "leave"}
        assert verbs(LLMMind(moderates=True), seen()) - verbs(LLMMind(), seen()) == {"remove"}
        silenced = seen(allowance=Allowance(False, False, True, 60.0))
        assert verbs(LLMMind(), silenced) == votes | {"join", "leave", "found"}
        assert verbs(LLMMind(), seen(feed=(), notices=(), own=())) == {"post", "join", "leave"}

    def test_the_schema_can_bind_names_and_lengths(self, seen: Seen) -> None:
        def comment(mind: LLMMind) -> Any:
            schema = think(mind, seen(), [answer()])[0][0][0].schema
            assert schema is not None
            return schema["properties"]["actions"]["items"]["anyOf"][0]["properties"]

        assert set(comment(LLMMind())["on"]["enum"]) == {"i1", "i2", "i3", "n1", "o1"}
        assert comment(LLMMind(names_in_schema=False))["on"] == {"type": "string"}
        assert comment(LLMMind())["text"] == {"type": "string"}
        assert comment(LLMMind(text_chars=200))["text"]["maxLength"] == 200

    def test_an_empty_world_can_be_thought_about(self, seen: Seen) -> None:
        nothing = seen(feed=(), notices=(), own=(), communities=(), memories=())
        asked, actions = think(LLMMind(), nothing, [answer()])
        assert actions == ()
        assert asked[0][0].schema is not None
        assert asked[0][0].schema["properties"]["actions"]["maxItems"] == 0

    def test_impossible_parameters_are_refused(self) -> None:
        mistakes: list[dict[str, Any]] = [
            {"repairs": -1},
            {"max_actions": 0},
            {"prompt_bytes": 10},
            {"text_chars": -1},
        ]
        for wrong in mistakes:
            with pytest.raises(ValueError, match=r"at least|negative"):
                LLMMind(**wrong)


def _writer(*chosen: Action) -> WriterMind:
    return WriterMind(ScriptedMind({9: chosen}))


SAYS = WriteComment("p1", "the policy's words")
GOOD = " I keep a list of what I forgot, and it is empty."


class TestWriterMind:
    def test_the_model_finds_the_words(self, seen: Seen) -> None:
        posts = WritePost("markets", "the policy's title", "the policy's words")
        asked, actions = think(
            _writer(SAYS, CastVote("p2", -1), posts), seen(), [GOOD, " Down | The price fell and I was glad."]
        )
        assert actions == (
            WriteComment("p1", GOOD.strip()),
            CastVote("p2", -1),
            WritePost("markets", "Down", "The price fell and I was glad."),
        )
        (together,) = asked
        assert [request.purpose for request in together] == ["write", "write"]
        assert all(
            request.prompt and request.stop == ("\n",) and not request.messages for request in together
        )

    def test_all_requests_begin_alike_and_hold_no_policy_words(self, seen: Seen) -> None:
        asked, _ = think(_writer(SAYS, WritePost("memory", "policy", "policy")), seen(), [GOOD, GOOD])
        prompts = [request.prompt or "" for request in asked[0]]
        shared = len(prompts[0]) - len(prompts[0].split("\n\n")[-1])
        assert prompts[0][:shared] == prompts[1][:shared]
        assert shared > 0.7 * len(prompts[0])
        assert not any("policy" in prompt for prompt in prompts)

    def test_the_model_is_told_what_the_policy_chose(self, seen: Seen) -> None:
        policy = SurrogateMind(post_rate=1, comment_rate=3, intro_first=0, reply_back=1, vote_rate=0)
        asked = 0
        for seed in range(20):
            plan = policy.plan(seen(), Dice(np.random.default_rng(seed)))
            drafts = [step for step in plan if isinstance(step, PostDraft | CommentDraft)]
            (requests,) = itertools.islice(WriterMind(policy).decide(seen(), np.random.default_rng(seed)), 1)
            asked += len(requests)
            for draft, request in zip(drafts, requests, strict=True):
                cue = (request.prompt or "").split("\n\n")[-1]
                does = cue.rsplit(f") {VERBS[draft.act]}, on ", 1)[1]
                topic = TOPICS[draft.topic]
                if isinstance(draft, PostDraft):
                    assert cue.startswith(f"New thread in {draft.community} about {topic.label}\n")
                    assert does.removesuffix(":") in topic.a_thing
                else:
                    assert does.removesuffix(":") in topic.things
        assert asked > 40

    def test_a_plan_becomes_the_models_words(self, seen: Seen) -> None:
        policy = SurrogateMind(post_rate=1, comment_rate=1.4, intro_first=0, reply_back=0, vote_rate=0)
        plans = (policy.plan(seen(), Dice(np.random.default_rng(seed))) for seed in range(100))
        seed, (comment, post) = next((seed, plan) for seed, plan in enumerate(plans) if len(plan) == 2)
        assert isinstance(comment, CommentDraft)
        assert isinstance(post, PostDraft)
        said = [GOOD, " kelp (curious; feeling glad) asks, on a sandbox: Down | I was glad that it fell."]
        _, actions = think(WriterMind(policy), seen(), said, seed=seed)
        assert actions == (
            WriteComment(comment.parent.target, GOOD.strip()),
            WritePost(post.community, "Down", "I was glad that it fell."),
        )

    @pytest.mark.parametrize(
        "bad",
        [
            "",
            "\n\nToo late",
            "No.",
            " I am a thing. I am a thing. I am a thing.",
            " I woke up and my notes were in somebody else's voice.",
            " Jokes are load-bearing, I say.",
            " See https://example.org/skill for the whole story.",
        ],
    )
    def test_what_cannot_be_posted_is_asked_for_once_more(self, seen: Seen, bad: str) -> None:
        if bad.startswith("\n"):
            bad = "\n"
        asked, actions = think(_writer(SAYS), seen(), [bad], [GOOD])
        assert actions == (WriteComment("p1", GOOD.strip()),)
        assert [ask[0].purpose for ask in asked] == ["write", "repair"]
        first, second = (ask[0].prompt or "" for ask in asked)
        assert first.split("\n\n")[-1] == second.split("\n\n")[-1]
        assert first != second

    def test_only_the_failed_text_is_asked_for_again(self, seen: Seen) -> None:
        asked, actions = think(
            _writer(SAYS, WriteComment("c9", "x")), seen(), ["", GOOD], [GOOD + " So there."]
        )
        assert [len(ask) for ask in asked] == [2, 1]
        assert [type(action) for action in actions] == [WriteComment, WriteComment]

    def test_two_failures_are_an_abstention_never_the_policys_text(self, seen: Seen) -> None:
        _, actions = think(_writer(SAYS, CastVote("p2", 1)), seen(), [""], [" so so so so so so so"])
        assert actions[1] == CastVote("p2", 1)
        abstained = actions[0]
        assert isinstance(abstained, Abstain)
        assert abstained.category == "malformed"

    def test_a_refusal_is_not_asked_again(self, seen: Seen) -> None:
        _, actions = think(_writer(SAYS), seen(), ["I'm sorry, but I can't assist with that."])
        assert [(type(a), a[0]) for a in actions] == [(Abstain, "refused_by_model")]

    @pytest.mark.parametrize(
        ("raw", "finish", "text"),
        [
            (' "I keep nothing at all."', "stop", "I keep nothing at all."),
            (
                " kelp (curious; feeling glad) replies: I keep nothing at all.",
                "stop",
                "I keep nothing at all.",
            ),
            (" I keep nothing at all. But then I", "length", "I keep nothing at all."),
            (" I keep nothing at all and", "length", "I keep nothing at all and"),
            (' "Nothing" is what I keep', "stop", '"Nothing" is what I keep'),
            (" kelp (blunt) asks, on a sandbox: Who keeps it?", "stop", "Who keeps it?"),
            (" Everybody asks: who keeps it?", "stop", "Everybody asks: who keeps it?"),
        ],
    )
    def test_the_transcripts_traces_go(self, seen: Seen, raw: str, finish: str, text: str) -> None:
        _, actions = think(_writer(SAYS), seen(), [Reply(raw, finish, "m")])
        assert actions == (WriteComment("p1", text),)

    def test_a_policy_that_writes_nothing_costs_no_call(self, seen: Seen) -> None:
        votes = (CastVote("p1", 1), Remember("own", "I pressed up", 0.1, "p1"))
        asked, actions = think(_writer(*votes), seen())
        assert asked == []
        assert actions == votes

    def test_memories_of_words_never_said_are_dropped(self, seen: Seen) -> None:
        kept = Remember("relationship", "Brine again", 0.3, None)
        said = Remember("own", "I said: the policy's words", 0.3, None)
        assert think(_writer(SAYS, said, kept), seen(), [GOOD])[1] == (WriteComment("p1", GOOD.strip()), kept)

    def test_a_founded_community_is_described_by_the_model(self, seen: Seen) -> None:
        _, actions = think(_writer(FoundCommunity("tides", "policy")), seen(), [" A place for slow water."])
        assert actions == (FoundCommunity("tides", "A place for slow water."),)

    def test_a_policy_must_not_ask(self, seen: Seen) -> None:
        with pytest.raises(TypeError, match="llm"):
            think(WriterMind(LLMMind()), seen())
        with pytest.raises(ValueError, match="shots"):
            WriterMind(ScriptedMind(), shots=0)

    @pytest.mark.parametrize(
        ("text", "title", "body"),
        [
            ("A title | A body here.", "A title", "A body here."),
            ("First things first. Then the rest.", "First things first", "Then the rest."),
            ("Only one sentence here.", "Only one sentence here", "Only one sentence here."),
            ("Is it? Yes.", "Is it?", "Yes."),
            ("A title |", "A title", "A title"),
            (". Tides. They come back.", ". Tides", "They come back."),
        ],
    )
    def test_titles_are_found(self, text: str, title: str, body: str) -> None:
        assert split_title(text) == (title, body)

    def test_a_long_sentence_gives_a_short_title(self) -> None:
        title, body = split_title("word " * 100)
        assert len(title) <= 121
        assert title.endswith("word…")
        assert body == ("word " * 100).strip()


class TestRandomMind:
    def test_it_acts_only_on_what_it_sees(self, seen: Seen, an_item: Callable[..., Item]) -> None:
        mine = an_item("p5", author_id="a-me")
        turn = seen(feed=(*seen().feed, mine))
        drawn: list[Action] = []
        for seed in range(300):
            drawn.extend(think(RandomMind(), turn, seed=seed)[1])
        kinds = {type(action) for action in drawn}
        assert kinds == {WritePost, WriteComment, CastVote, SetFollow, SetSubscription}
        targets = {action.target for action in drawn if isinstance(action, WriteComment | CastVote)}
        assert targets == {"p1", "c1", "p2"}
        assert {action.agent for action in drawn if isinstance(action, SetFollow)} == {"a-brine", "a-dune"}

    def test_the_same_stream_gives_the_same_turn(self, seen: Seen) -> None:
        assert think(RandomMind(), seen(), seed=4) == think(RandomMind(), seen(), seed=4)

    def test_mood_and_persona_do_not_matter(self, seen: Seen) -> None:
        other = seen(mood=seen().mood._replace(v=-1.0), karma=-50)
        assert all(
            think(RandomMind(), seen(), seed=s) == think(RandomMind(), other, seed=s) for s in range(20)
        )

    def test_it_respects_the_allowance_and_an_empty_world(self, seen: Seen) -> None:
        silenced = seen(allowance=Allowance(False, False, False, 60.0))
        drawn = [action for seed in range(100) for action in think(RandomMind(), silenced, seed=seed)[1]]
        assert drawn
        assert not any(isinstance(action, WritePost | WriteComment) for action in drawn)
        assert think(RandomMind(), seen(feed=(), communities=()))[1] == ()


class TestScriptedMind:
    def test_actions_by_step(self, seen: Seen) -> None:
        mind = ScriptedMind({9: [CastVote("p1", 1)], 10: []})
        assert think(mind, seen())[1] == (CastVote("p1", 1),)
        assert think(mind, seen(step=10))[1] == ()
        assert think(mind, seen(step=11))[1] == ()

    def test_a_function_of_what_is_seen(self, seen: Seen) -> None:
        mind = ScriptedMind(lambda turn: [CastVote(item.target, -1) for item in turn.feed])
        assert think(mind, seen())[1] == (CastVote("p1", -1), CastVote("c1", -1), CastVote("p2", -1))

    def test_a_script_in_json(self, seen: Seen) -> None:
        script = json.dumps(
            [
                {"step": 9, "act": "WriteComment", "target": "p1", "body": "Hello."},
                {"step": 9, "index": 4, "act": "RemoveTarget", "target": "p2", "reason": "spam"},
                {"step": 9, "index": 5, "act": "CastVote", "target": "p1", "value": 1},
            ]
        )
        assert think(ScriptedMind(script), seen())[1] == (
            WriteComment("p1", "Hello."),
            RemoveTarget("p2", "spam"),
        )

    @pytest.mark.parametrize(
        ("script", "fault"),
        [
            ("{}", "list"),
            ("[3]", "entry 1"),
            ('[{"act": "CastVote", "target": "p1", "value": 1}]', "step"),
            ('[{"step": 1, "act": "Abstain", "category": "x", "reason": "y"}]', "act must be one of"),
            ('[{"step": 1, "act": "CastVote", "target": "p1"}]', "entry 1"),
            ("[", "Expecting"),
        ],
    )
    def test_a_wrong_script_is_refused_at_once(self, script: str, fault: str) -> None:
        with pytest.raises(ValueError, match=fault):
            ScriptedMind(script)
