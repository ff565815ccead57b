"""What is stripped before reading, and that stripping stays quick on hostile text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.reader import clean
from moltarium.agents.reader.cleaning import MAX_CHARS, mend
from moltarium.agents.reader.tokens import letter_groups, pairs, tokenise


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("> quoted\nmine", "mine"),
        ("  &gt; quoted\nmine", "mine"),
        ("5 > 3 is true", "5 > 3 is true"),
        ("a\n```py\nx = 'hate'\n```\nb", "a b"),
        ("a\n```\nnever closed", "a"),
        ("~~~\ncode\n~~~\nb", "b"),
        ("run `rm -rf` now", "run now"),
        ("see https://a.example/x?y=1, ok", "see ok"),
        ("www.a.example is down", "is down"),
        ("[my page](https://a.example) rocks", "my page rocks"),
        ("![cat](cat.png) rocks", "cat rocks"),
        ("@Molty and u/other in m/general", "and in"),
        ("mail me: a@b.example", "mail me: a@b.example"),
        ("either/or", "either/or"),
        ("", ""),
    ],
)
def test_strips_what_is_not_the_authors(text: str, left: str) -> None:
    assert clean(text) == left


@given(st.text(alphabet=st.sampled_from(list("ab >`~[]()@/\n#!u")), max_size=80))
def test_leaves_one_trimmed_line(text: str) -> None:
    cleaned = clean(text)
    assert "\n" not in cleaned
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize(
    "unit", ["[", "[](", "`", "` ", "> ", "```\n", "~~~", "@", "/", "u/", "http://", "!?", "'a"]
)
def test_hostile_repeats_stay_linear(unit: str) -> None:
    text = unit * (MAX_CHARS // len(unit))
    began = time.process_time()
    tokenise(clean(text))
    assert time.process_time() - began < 0.5


def test_words_marks_and_emoji() -> None:
    assert tokenise("Don’t go!!! :) 😂😂 noooooo 42 <3 :'(") == [
        "don't",
        "go",
        "!!!",
        ":)",
        "😂",
        "😂",
        "nooo",
        "42",
        "<3",
        ":'(",
    ]


def test_letter_groups_know_where_words_end() -> None:
    assert set(letter_groups("ab")) == {"<a", "ab", "b>", "<ab", "ab>", "<ab>"}


def test_pairs_see_the_edges() -> None:
    assert len(pairs(["a", "b"])) == 3
    assert pairs(["a", "b"])[1] == "a b"
    assert pairs([]) == []


@pytest.mark.parametrize(("text", "mended"), [("👍🏽 fine", "👍 fine"), ("❤️", "❤"), ("naïve", "naïve")])
def test_an_emoji_loses_its_variants(text: str, mended: str) -> None:
    assert mend(text) == mended
