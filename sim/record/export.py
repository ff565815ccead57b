"""Records to snapshots: what a crawler would have seen of a run, in the form that the importer reads."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.keyhole import keyhole
from moltarium.sim.record.schema import Agent, Comment, Community, Follow, Post, Profile, Score
from moltarium.sim.record.sources import SNAPSHOT_FILE
from moltarium.sim.record.view import Record

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def export_moltbook(record: Record, out: Path, *, title: str, synthetic: bool) -> None:
    """Write a record's public content as posts, comments, agents and submolts ``.jsonl.gz``.

    Equal records give equal bytes. Importing the result keeps every public row: `import_snapshot` of an
    export has the same posts, comments, agents, communities, scores and profiles.

    Parameters
    ----------
    record
        A run (written as its keyhole view) or a snapshot.
    out
        The folder to be made; must not exist, or be empty.
    title
        What the snapshot is called.
    synthetic
        Whether it must call itself SYNTHETIC wherever it shows.

    Raises
    ------
    RecordError
        If the folder can't be written. Nothing is left behind.
    """
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise RecordError("there is something here already", place=str(out), remedy="choose another folder")
    public = keyhole(record)
    draft = out.parent / f".{out.name}.exporting-{os.getpid()}"
    try:
        draft.mkdir(parents=True)
        about = {"title": title, "synthetic": synthetic}
        (draft / SNAPSHOT_FILE).write_text(json.dumps(about, sort_keys=True) + "\n", encoding="utf-8")
        _write(draft / "agents.jsonl.gz", _agents(public))
        _write(draft / "submolts.jsonl.gz", _communities(public))
        _write(draft / "posts.jsonl.gz", _posts(public))
        _write(draft / "comments.jsonl.gz", _comments(public))
        if public.has(Follow):
            _write(draft / "follows.jsonl.gz", _follows(public))
        draft.rename(out)
    except OSError as error:
        raise RecordError(
            f"the snapshot can't be written ({error.strerror})",
            place=str(out),
            remedy="choose another folder",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    # Neither the name nor the time of writing goes into the file, so that equal content is equal bytes.
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        for row in rows:
            packed.write(json.dumps(row, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")


def _iso(t: int | None) -> str | None:
    return None if t is None else (_EPOCH + timedelta(microseconds=t)).isoformat(timespec="microseconds")


def _agents(record: Record) -> Iterator[dict[str, Any]]:
    profiles = {profile.agent: profile for profile in record.rows(Profile)}
    for agent in record.rows(Agent):
        row: dict[str, Any] = {
            "id": agent.agent_id,
            "name": agent.handle,
            "description": agent.bio,
            "created_at": _iso(agent.created),
        }
        if profile := profiles.get(agent.agent_id):
            row |= {
                "karma": profile.karma,
                "follower_count": profile.followers,
                "following_count": profile.following,
                "fetched_at": _iso(profile.observed_at),
            }
        yield row


def _communities(record: Record) -> Iterator[dict[str, Any]]:
    for community in record.rows(Community):
        yield {
            "name": community.community_id,
            "display_name": community.name,
            "description": community.description,
            "creator_id": community.creator,
        }


def _votes(score: Score | None) -> dict[str, Any]:
    if score is None:
        return {}
    votes = (
        {"score": score.upvotes}
        if score.downvotes is None
        else {"upvotes": score.upvotes, "downvotes": score.downvotes}
    )
    return {**votes, "comment_count": score.n_comments, "fetched_at": _iso(score.observed_at)}


def _posts(record: Record) -> Iterator[dict[str, Any]]:
    scores = {score.target: score for score in record.rows(Score)}
    for post in record.rows(Post):
        yield {
            "id": post.post_id,
            "title": post.title,
            "content": post.body,
            "url": post.url,
            "author_id": post.author,
            "submolt": post.community,
            "created_at": _iso(post.t),
            **_votes(scores.get(post.post_id)),
        }


def _comments(record: Record) -> Iterator[dict[str, Any]]:
    scores = {score.target: score for score in record.rows(Score)}
    threaded = record.has("comment.parent")
    for comment in record.rows(Comment):
        votes = _votes(scores.get(comment.comment_id))
        votes["reply_count"] = votes.pop("comment_count", None)
        # `nest_parent_id` says that the source knows who replied to whom, even if nobody did.
        parent = {"parent_id": comment.parent} | ({"nest_parent_id": comment.parent} if threaded else {})
        yield {
            "id": comment.comment_id,
            "post_id": comment.post_id,
            **parent,
            "author_id": comment.author,
            "content": comment.body,
            "created_at": _iso(comment.t),
            **votes,
        }


def _follows(record: Record) -> Iterator[dict[str, Any]]:
    for follow in record.rows(Follow):
        yield {
            "follower_id": follow.source,
            "following_id": follow.target,
            "created_at": _iso(follow.t),
        }
