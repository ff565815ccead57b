"""The command that takes a network out of a record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from moltarium.scenarios.moments import microseconds
from moltarium.scenarios.needing import asked_of
from moltarium.scenarios.outputs import writable
from moltarium.scenarios.terminal import put_figures, say

if TYPE_CHECKING:
    from moltarium.analysis.graphs.networks import Network
    from moltarium.analysis.graphs.projections import Projection
    from moltarium.analysis.graphs.ties import Cut
    from moltarium.sim.record.view import Record

Kinds = Literal["reply", "author", "comment", "mention", "vote", "follow", "co-exposure", "shared-thread"]

REMEDY = "a snapshot may lack this: take a run of `moltarium run`, or --kind reply, author or shared-thread"
"""Said where a record lacks what a kind of network is made of."""

Moment = Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601; without a zone it is UTC.")]


def network(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or an imported snapshot.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")],
    kind: Annotated[Kinds, typer.Option(help="What joins two agents.")] = "reply",
    form: Annotated[
        Literal["graphml", "gexf", "npz"], typer.Option("--format", help="For Gephi and networkx, or numpy.")
    ] = "graphml",
    weighted: Annotated[bool, typer.Option("--weighted", help="Give each edge its weight.")] = False,
    since: Moment = None,
    until: Moment = None,
    community: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this community's threads.")
    ] = None,
    self_loops: Annotated[
        bool, typer.Option("--self-loops", help="Keep those who turn to themselves.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")] = False,
) -> None:
    """Write who turns to whom, or who met whom, as a file for other software."""
    from moltarium.analysis.graphs.exchange import write_network
    from moltarium.analysis.graphs.ties import Cut
    from moltarium.sim.record.schema import Agent
    from moltarium.sim.record.store import RunReader

    low, high = microseconds("--since", since), microseconds("--until", until)
    if low is not None and high is not None and low >= high:
        raise typer.BadParameter("--until must be after --since")
    cut = Cut(low, high, community)
    with RunReader(folder) as record, asked_of(folder, REMEDY):
        if community is not None:
            _known(record, community, folder)
        writable(out)
        net = _network(record, kind, cut, self_loops)
        labels = {agent.agent_id: agent.handle for agent in record.rows(Agent)}
        write_network(net, out, form, weighted=weighted, labels=labels)
    figures = {"out": str(out), "kind": kind, "nodes": net.n, "edges": net.m, "note": net.note()}
    put_figures(f"{kind} network", figures, as_json)
    if not net.m:
        say("nobody is joined to anybody here: the file holds an empty network")


def _known(record: Record, community: str, folder: Path) -> None:
    """Refuse a community that no post of the record is in, naming those of nearly that name."""
    from difflib import get_close_matches

    from moltarium.sim.record.errors import RecordError
    from moltarium.sim.record.schema import Post

    names = {post.community for post in record.rows(Post)}
    if community in names:
        return
    by_fold = {name.casefold(): name for name in sorted(names)}
    near = [by_fold[found] for found in get_close_matches(community.casefold(), by_fold)]
    remedy = f"did you mean {', '.join(map(repr, near))}?" if near else "names are matched letter by letter"
    raise RecordError(f"no post is in a community {community!r}", place=str(folder), remedy=remedy)


def _network(record: Record, kind: Kinds, cut: Cut, self_loops: bool) -> Network | Projection:
    from moltarium.analysis.corpus import read_corpus
    from moltarium.analysis.graphs.networks import build
    from moltarium.analysis.graphs.projections import co_exposures, shared_threads

    if kind == "co-exposure" or kind == "shared-thread":
        if self_loops:
            raise typer.BadParameter(
                f"an agent always shares its own places: --kind {kind} has no self-loops"
            )
        return (
            co_exposures(record, cut) if kind == "co-exposure" else shared_threads(read_corpus(record), cut)
        )
    return build(read_corpus(record), kind, cut=cut, loops=self_loops)


def register(app: typer.Typer) -> None:
    """Add this command to `app`."""
    app.command()(network)
