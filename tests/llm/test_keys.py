"""A key changes with all that has meaning for an answer, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import Message, Request
from moltarium.sim.llm.keys import Salt, canonical, keyed

ASKED = Request("decide", (Message("user", "Hello"),), schema={"b": 1, "a": [2]}, stop=("\n",))
SALT = Salt(seed=7, agent="a1", step=3, call=0)


def test_golden_canonical_form() -> None:
    assert keyed(ASKED, "stub", SALT).text == (
        '{"max_tokens":256,"messages":[["user","Hello"]],"model":"stub","prompt":null,'
        '"salt":[7,"a1",3,0],"schema":{"a":[2],"b":1},"stop":["\\n"],"temperature":0.8}'
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, messages=(Message("system", "Hello"),)),
        replace(ASKED, messages=(), prompt="Hello"),
        replace(ASKED, schema=None),
        replace(ASKED, max_tokens=255),
        replace(ASKED, temperature=0.7),
        replace(ASKED, stop=()),
    ],
)
def test_each_sampling_field_counts(other: Request) -> None:
    assert keyed(other, "stub", SALT).key != keyed(ASKED, "stub", SALT).key


@pytest.mark.parametrize(
    "other", [Salt(8, "a1", 3, 0), Salt(7, "a2", 3, 0), Salt(7, "a1", 4, 0), Salt(7, "a1", 3, 1)]
)
def test_each_part_of_the_salt_counts(other: Salt) -> None:
    assert keyed(ASKED, "stub", other).key != keyed(ASKED, "stub", SALT).key


def test_the_model_counts_and_the_purpose_does_not() -> None:
    assert keyed(ASKED, "other", SALT).key != keyed(ASKED, "stub", SALT).key
    assert keyed(replace(ASKED, purpose="repair"), "stub", SALT) == keyed(ASKED, "stub", SALT)


def test_order_in_a_schema_does_not_count() -> None:
    turned = replace(ASKED, schema={"a": [2], "b": 1})
    assert keyed(turned, "stub", SALT) == keyed(ASKED, "stub", SALT)


@given(st.text(st.characters(codec=None), max_size=40))
def test_any_text_has_a_key_and_its_canonical_form_is_text(text: str) -> None:
    made = keyed(Request("write", prompt=text), "stub", SALT)
    assert made.key == sha256(made.text.encode()).hexdigest()
    assert 0 <= made.sampling_seed < 2**31


def test_a_lone_surrogate_differs_from_its_replacement() -> None:
    assert canonical("\ud800") == b'"\\ud800"'
    assert canonical("\ud800") != canonical("\ufffd")
