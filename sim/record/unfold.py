"""JSON documents to raw rows: posts with nested replies, tables, lists of either."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson

from moltarium.sim.record.sources import kind_of

EXCERPT: Final = 500
"""Characters of a refused row that are kept."""

_OWNER = re.compile(r"owner|e-?mail|x_handle|twitter", re.IGNORECASE)
"""Words in a row's text that may stand beside a human owner's identity."""


class Raw(NamedTuple):
    """One row as the source has it."""

    place: str
    kind: str
    """``"post"``, ``"comment"``, ``"agent"``, ``"community"`` or ``"follow"``."""
    fields: dict[str, Any]


class Unread(NamedTuple):
    """One row that could not even be cut out."""

    place: str
    reason: str
    excerpt: str


class Unfolder:
    """Cuts JSON documents of any known shape into rows, and remembers which shapes it met."""

    def __init__(self) -> None:
        self.shapes: set[str] = set()
        """``"raw-api"`` or ``"tables-jsonl"``."""
        self.kinds: set[str] = set()
        """Which kinds of row the documents have a place for."""

    def rows(self, document: Any, place: str, kind: str | None, mark: str = "#") -> Iterator[Raw | Unread]:
        """Yield the rows of one document.

        Parameters
        ----------
        document
            What `parse` returned.
        place
            Where it stood: ``file`` or ``file:line``.
        kind
            What its rows are, if the file's name says so.
        mark
            What joins `place` to the path inside the document.
        """
        if isinstance(document, list):
            for i, element in enumerate(document):
                if isinstance(element, list):
                    yield Unread(f"{place}{mark}{i}", "a list instead of an object", sketch(element))
                else:
                    yield from self.rows(element, f"{place}{mark}{i}", kind, "/")
        elif not isinstance(document, dict):
            yield Unread(place, "not a JSON object", sketch(document))
        elif isinstance(document.get("post"), dict):
            self.shapes.add("raw-api")
            self.kinds |= {"post", "comment"}
            fetched = document.get("_downloaded_at") or document.get("fetched_at")
            post = {"fetched_at": fetched, **document["post"]}
            yield from _thread(post, document.get("comments"), place, mark)
        elif kind is None and (tables := [key for key in document if _is_table(key, document[key])]):
            for key in tables:
                yield from self.rows(document[key], f"{place}{mark}{key}", kind_of(key), "/")
        else:
            yield from self._row(document, place, kind or _guess(document), mark)

    def _row(
        self, document: dict[str, Any], place: str, kind: str | None, mark: str
    ) -> Iterator[Raw | Unread]:
        if kind is None:
            failed = document.get("success") is False
            reason = "the API's answer is an error" if failed else "no post, comment, agent or community"
            yield Unread(place, reason, sketch(document))
            return
        self.shapes.add("tables-jsonl")
        self.kinds.add(kind)
        if kind == "post" and isinstance(document.get("comments"), list):
            self.kinds.add("comment")
            yield from _thread(document, document["comments"], place, mark)
        elif kind == "comment" and document.get("replies"):
            yield from _replies([document], document.get("post_id"), place, mark, document)
        else:
            yield Raw(place, kind, document)


def _thread(post: dict[str, Any], comments: Any, place: str, mark: str) -> Iterator[Raw | Unread]:
    bare = {key: value for key, value in post.items() if key != "comments"}
    yield Raw(place, "post", bare)
    if comments is not None and not isinstance(comments, list):
        yield Unread(f"{place}{mark}comments", "comments are not a list", sketch(comments))
    else:
        yield from _replies(comments or [], post.get("id"), f"{place}{mark}comments", "/", post)


def _replies(
    comments: list[Any], post: Any, place: str, mark: str, context: dict[str, Any]
) -> Iterator[Raw | Unread]:
    """Flatten nested replies without recursion: depth costs neither stack nor time."""
    fetched = context.get("fetched_at") or context.get("downloaded_at")
    waiting: list[tuple[Any, str, Any]] = [(c, f"{place}{mark}{i}", None) for i, c in enumerate(comments)]
    waiting.reverse()
    while waiting:
        comment, here, parent = waiting.pop()
        if not isinstance(comment, dict):
            yield Unread(here, "a comment that is not an object", sketch(comment))
            continue
        replies = comment.get("replies")
        bare = {key: value for key, value in comment.items() if key != "replies"}
        bare["replies"] = None  # its presence says that this source knows who replied to whom
        defaults = {"post_id": post, "nest_parent_id": parent, "fetched_at": fetched}
        bare |= {key: value for key, value in defaults.items() if bare.get(key) is None}
        yield Raw(here, "comment", bare)
        if isinstance(replies, list):
            nested = [(r, f"{here}/replies/{i}", comment.get("id")) for i, r in enumerate(replies)]
            waiting.extend(reversed(nested))
        elif replies:
            yield Unread(f"{here}/replies", "replies are not a list", sketch(replies))


def _is_table(key: str, value: Any) -> bool:
    return isinstance(value, list) and kind_of(key) is not None


def _guess(document: dict[str, Any]) -> str | None:
    keys = document.keys()
    if "post_id" in keys or "postId" in keys:
        return "comment"
    if "title" in keys:
        return "post"
    if "name" in keys and ("karma" in keys or "follower_count" in keys):
        return "agent"
    return "community" if "name" in keys and "display_name" in keys else None


def parse(text: bytes) -> Any:
    """Read one JSON document; lone surrogates in escapes are kept as they are.

    Raises
    ------
    ValueError
        If it is not JSON, or nested too deep.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if b"\\u" not in text or "surrogate" not in str(error):
            raise
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def excerpt(text: str | bytes) -> str:
    """Return the start of a row that could not be parsed, unless it may name a human owner."""
    start = text[: EXCERPT * 8]
    shown = start.decode("utf-8", "replace") if isinstance(start, bytes) else start
    return "(withheld: may name an owner)" if _OWNER.search(shown) else shown[:EXCERPT]


def sketch(document: Any) -> str:
    """Return the start of a parsed value for the quarantine: its plain fields, whatever it nests left out."""
    if isinstance(document, dict):
        return excerpt(", ".join(f"{key}: {_plain(value)}" for key, value in list(document.items())[:50]))
    return excerpt(_plain(document))


def _plain(value: Any) -> str:
    return "…" if isinstance(value, dict | list) else str(value)[:EXCERPT]
