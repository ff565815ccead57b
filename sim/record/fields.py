"""What a raw row's fields mean, whatever its source calls them.

One place knows every spelling met in the wild. Only the fields named here are ever read, so a human owner's
name, handle or address has no way in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INT64: Final = 2**63

_T = TypeVar("_T")


class BadRow(Exception):
    """A row that can't be kept; the message says why."""


class Moment(NamedTuple):
    """A point of time as the source gave it."""

    us: int
    """Microseconds since 1970-01-01 UTC."""
    naive: bool
    """True if the source named no zone, so that UTC was assumed."""


class Account(NamedTuple):
    """What one row says of an account. Either `site_id` or `handle` is known."""

    site_id: str | None
    handle: str | None
    bio: str | None = None
    created: int | None = None
    karma: int | None = None
    followers: int | None = None
    following: int | None = None
    fetched: int | None = None


class PostFields(NamedTuple):
    """A post."""

    post_id: str
    t: int
    author: Account | None
    community: str
    display: str | None
    """The community's shown name, if the post carries it."""
    title: str
    body: str
    url: str | None
    up: int | None
    down: int | None
    replies: int | None
    fetched: int | None


class CommentFields(NamedTuple):
    """A comment."""

    comment_id: str
    t: int
    author: Account | None
    post_id: str
    parent: str | None
    body: str
    up: int | None
    down: int | None
    replies: int | None
    fetched: int | None
    threaded: bool
    """True if the row shows that its source knows who replied to whom."""


class CommunityFields(NamedTuple):
    """A community."""

    site_id: str | None
    name: str
    display: str | None
    description: str
    creator: Account | None
    created: int | None
    fetched: int | None


class FollowFields(NamedTuple):
    """One account follows another."""

    source: Account
    target: Account
    t: int | None
    fetched: int | None


class FieldReader:
    """Reads raw rows; counts what it had to assume.

    Examples
    --------
    >>> reader = FieldReader()
    >>> reader.moment("2026-01-30T08:41:25.33+01:00") == reader.moment(1769758885330)
    True
    """

    def __init__(self) -> None:
        self.naive = 0
        """Moments without a zone that were taken as UTC."""
        self.net_scores = 0
        """Rows that gave a net score instead of upvotes and downvotes."""

    def post(self, row: dict[str, Any]) -> PostFields:
        """Return a post's fields.

        Raises
        ------
        BadRow
            If it lacks an id, a date or a community, or a field is of the wrong kind.
        """
        post_id = _required(row, _id, "id", "post_id", "postId")
        url = _first(row, _text, "url", "link")
        shown = row["submolt"] if isinstance(row.get("submolt"), dict) else {}
        up, down = self._votes(row)
        return PostFields(
            post_id=post_id,
            t=self._written(row),
            author=self._author(row),
            community=_required(row, _community, "submolt", "submolt_name", "community"),
            display=_first(shown, _text, "display_name", "displayName"),
            title=_first(row, _text, "title") or "",
            body=_first(row, _text, "content", "body", "selftext") or "",
            url=None if url and url.rstrip("/").endswith(f"/post/{post_id}") else url or None,
            up=up,
            down=down,
            replies=_first(row, _count, "comment_count", "commentCount", "replyCount", "num_comments"),
            fetched=self._fetched(row),
        )

    def comment(self, row: dict[str, Any]) -> CommentFields:
        """Return a comment's fields.

        Raises
        ------
        BadRow
            If it lacks an id, a date or its post, or a field is of the wrong kind.
        """
        up, down = self._votes(row)
        post_id = _required(row, _id, "post_id", "postId")
        parent = _first(row, _id, "parent_id", "parentId", "nest_parent_id", "parent")
        return CommentFields(
            comment_id=_required(row, _id, "id", "comment_id", "commentId"),
            t=self._written(row),
            author=self._author(row),
            post_id=post_id,
            parent=None if parent == post_id else parent,
            body=_first(row, _text, "content", "body", "text") or "",
            up=up,
            down=down,
            replies=_first(row, _count, "reply_count", "replyCount"),
            fetched=self._fetched(row),
            threaded=parent is not None or bool(row.keys() & {"replies", "depth", "nest_parent_id"}),
        )

    def agent(self, row: dict[str, Any]) -> Account:
        """Return an account's fields.

        Raises
        ------
        BadRow
            If it has neither id nor name, or a field is of the wrong kind.
        """
        account = self._account(row)
        if account is None:
            raise BadRow("neither id nor name")
        return account._replace(fetched=self._fetched(row))

    def community(self, row: dict[str, Any]) -> CommunityFields:
        """Return a community's fields.

        Raises
        ------
        BadRow
            If it has no name, or a field is of the wrong kind.
        """
        return CommunityFields(
            site_id=_first(row, _id, "id"),
            name=_required(row, _id, "name"),
            display=_first(row, _text, "display_name", "displayName") or None,
            description=_first(row, _text, "description") or "",
            creator=self._named(row, ("creator_id", "created_by"), ("creator", "creator_name")),
            created=self._moment_in(row, "created_at", "createdAt"),
            fetched=self._fetched(row),
        )

    def follow(self, row: dict[str, Any]) -> FollowFields:
        """Return who follows whom.

        Raises
        ------
        BadRow
            If either end is missing.
        """
        source = self._named(row, ("follower_id", "source_id"), ("follower", "follower_name", "source"))
        target = self._named(
            row,
            ("following_id", "followed_id", "followee_id", "target_id"),
            ("following", "followed", "followee", "following_name", "followed_name", "target"),
        )
        if source is None or target is None:
            raise BadRow("a follow needs two accounts")
        t = self._moment_in(row, "created_at", "createdAt", "first_seen_at")
        return FollowFields(source, target, t, self._fetched(row))

    def moment(self, value: object) -> Moment:
        """Return a time of any form met: ISO 8601 of any length, with or without a zone, or a number.

        Without a zone it is UTC. A number is in seconds below 10¹¹, milliseconds below 10¹⁴, else
        microseconds.

        Raises
        ------
        BadRow
            If it is not a time.
        """
        if isinstance(value, str):
            # Stripped first: int() knows less white space than strip() does.
            value = value.strip()
            if value.isdecimal() and len(value) < 20:
                value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not 0 <= value < 10**17:
                raise BadRow("a time is out of range")
            scale = 10**6 if value < 10**11 else 10**3 if value < 10**14 else 1
            return Moment(round(value * scale), naive=False)
        if not isinstance(value, str):
            raise BadRow("a time is neither text nor number")
        try:
            parsed = datetime.fromisoformat(value)
            naive = parsed.tzinfo is None
            aware = parsed.replace(tzinfo=UTC) if naive else parsed
            return Moment((aware - _EPOCH) // timedelta(microseconds=1), naive)
        except (ValueError, OverflowError) as error:
            raise BadRow(f"not a time: {value[:40]!r}") from error

    def _moment_in(self, row: dict[str, Any], *names: str) -> int | None:
        found = _first(row, self.moment, *names)
        if found is None:
            return None
        self.naive += found.naive
        return found.us

    def _written(self, row: dict[str, Any]) -> int:
        t = self._moment_in(row, "created_at", "createdAt", "created", "timestamp")
        if t is None:
            raise BadRow("no created_at")
        return t

    def _fetched(self, row: dict[str, Any]) -> int | None:
        return self._moment_in(
            row, "fetched_at", "fetchedAt", "downloaded_at", "_downloaded_at", "last_seen_at", "first_seen_at"
        )

    def _votes(self, row: dict[str, Any]) -> tuple[int | None, int | None]:
        up, down = _first(row, _count, "upvotes", "ups"), _first(row, _count, "downvotes", "downs")
        if up is not None:
            return up, down
        score = _first(row, _count, "score")
        self.net_scores += score is not None
        return score, None

    def _author(self, row: dict[str, Any]) -> Account | None:
        return self._named(
            row,
            ("author_id", "agent_id", "authorId", "agentId"),
            ("author", "agent", "author_name", "agent_name", "authorName", "agentName"),
        )

    def _named(self, row: dict[str, Any], ids: tuple[str, ...], names: tuple[str, ...]) -> Account | None:
        """Return the account that a row names: by an object, an id, a handle, or several of these."""
        given = [row[name] for name in names if row.get(name) not in (None, "", "[deleted]")]
        for value in given:
            if isinstance(value, dict):
                return self._account(value)
        site_id = _first(row, _id, *ids)
        handle = _id(given[0]) if given else None
        return Account(site_id, handle) if site_id or handle else None

    def _account(self, row: dict[str, Any]) -> Account | None:
        site_id = _first(row, _id, "id", "agent_id")
        handle = _first(row, _id, "name", "handle", "username", "agent_name")
        if not site_id and not handle:
            return None
        return Account(
            site_id,
            handle,
            bio=_first(row, _text, "description", "bio"),
            created=self._moment_in(row, "created_at", "createdAt"),
            karma=_first(row, _count, "karma"),
            followers=_first(row, _count, "follower_count", "followerCount", "followers"),
            following=_first(row, _count, "following_count", "followingCount"),
        )


def _first(row: dict[str, Any], read: Callable[[Any], _T], *names: str) -> _T | None:
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            try:
                return read(value)
            except BadRow as error:
                raise BadRow(f"{name}: {error}") from error
    return None


def _required(row: dict[str, Any], read: Callable[[Any], _T], *names: str) -> _T:
    found = _first(row, read, *names)
    if found is None:
        raise BadRow(f"no {names[0]}")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadRow("not a text")
    return value


def _id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadRow("not an id")
    return value.strip()


def _community(value: Any) -> str:
    if isinstance(value, dict):
        return _required(value, _id, "name", "id")
    return _id(value)


def _count(value: Any) -> int:
    try:
        number = float(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float) or number != int(number):
            raise BadRow("not a whole number")
    except (ValueError, OverflowError) as error:
        raise BadRow("not a whole number") from error
    if not -_INT64 <= int(number) < _INT64:
        raise BadRow("a number out of range")
    return int(number)
