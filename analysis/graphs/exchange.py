"""Networks as files that other software reads: GraphML, GEXF, and numpy's arrays.

Handles and ids are agents' text. XML can't hold every character and changes some, so every character that it
would refuse or change is written as an escape from which it can be told again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import numpy as np

from moltarium.analysis.graphs.networks import Network, edge
from moltarium.analysis.graphs.projections import SHARED, Projection

if TYPE_CHECKING:
    import networkx as nx

Format: TypeAlias = Literal["graphml", "gexf", "npz"]
"""Kinds of files."""

_UNSAFE: Final = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What XML 1.0 (section 2.2) refuses, discourages or changes when it is read; and the escape's own mark."""


def xml_safe(text: str) -> str:
    r"""Return a text as XML can hold it: backslash doubled, control characters and surrogates as ``\uXXXX``.

    Different texts stay different.

    Examples
    --------
    >>> print(xml_safe("a\x00b\\"))
    a\u0000b\\
    """
    return _UNSAFE.sub(
        lambda found: "\\\\" if found.group() == "\\" else f"\\u{ord(found.group()):04x}", text
    )


def safe_graph(
    net: Network | Projection, *, weighted: bool = True, labels: Mapping[str, str] | None = None
) -> nx.Graph[str]:
    """Return a network for a file: directed or not as its kind is, every text made safe.

    Parameters
    ----------
    net
        The network.
    weighted
        Give edges their ``weight``, and ``shared`` (places shared) where that is another number.
    labels
        Handles by agent id; default the ids.
    """
    import networkx as nx

    names = [xml_safe(str(name)) for name in net.names]
    shown = names if labels is None else [xml_safe(labels.get(str(name), str(name))) for name in net.names]
    graph: nx.Graph[str]
    counts: dict[str, np.ndarray[Any, Any]]
    if isinstance(net, Network):
        graph = nx.DiGraph(name=net.kind, edge=edge(net.kind))
        ends, counts = (net.source, net.target), {"weight": net.weight}
    else:
        graph = nx.Graph(name=net.kind, edge=SHARED[net.kind])
        ends, counts = (net.low, net.high), {"weight": net.weight, "shared": net.shared}
    graph.add_nodes_from((name, {"label": label}) for name, label in zip(names, shown, strict=True))
    heads = ((names[i], names[j]) for i, j in zip(*(end.tolist() for end in ends), strict=True))
    if weighted:
        values = zip(*(count.tolist() for count in counts.values()), strict=True)
        graph.add_edges_from(
            (*pair, dict(zip(counts, row, strict=True))) for pair, row in zip(heads, values, strict=True)
        )
    else:
        graph.add_edges_from(heads)
    return graph


def arrays(net: Network | Projection, *, weighted: bool = True) -> dict[str, np.ndarray[Any, Any]]:
    """Return a network as named arrays: ``names`` per node; ``source``, ``target`` and ``weight`` per edge.

    Names are made safe as in the other files: numpy's text arrays would lose a name's last NUL.
    """
    ends = (net.source, net.target) if isinstance(net, Network) else (net.low, net.high)
    found: dict[str, np.ndarray[Any, Any]] = {
        "names": np.array([xml_safe(str(name)) for name in net.names], dtype=np.str_),
        "source": ends[0],
        "target": ends[1],
    }
    if weighted:
        found["weight"] = net.weight
    if weighted and isinstance(net, Projection):
        found["shared"] = net.shared
    return found


def write_network(
    net: Network | Projection,
    out: Path,
    form: Format,
    *,
    weighted: bool = True,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Write a network to a file; the file is there whole or not at all, the same bytes each time.

    Parameters
    ----------
    net
        The network.
    out
        The file.
    form
        ``"graphml"``, ``"gexf"`` or ``"npz"``.
    weighted, labels
        See `safe_graph`.
    """
    part = out.with_name(f"{out.name}.part")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as file:
            if form == "npz":
                np.savez_compressed(file, allow_pickle=False, **arrays(net, weighted=weighted))
            else:
                graph = safe_graph(net, weighted=weighted, labels=labels)
                _WRITERS[form](graph, file)
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)


def _graphml(graph: nx.Graph[str], file: Any) -> None:
    from networkx.readwrite.graphml import GraphMLWriter

    writer = cast(Any, GraphMLWriter)(encoding="utf-8", prettyprint=True)
    writer.add_graph_element(graph)
    writer.dump(file)


def _gexf(graph: nx.Graph[str], file: Any) -> None:
    from networkx.readwrite.gexf import GEXFWriter

    writer = cast(Any, GEXFWriter)(encoding="utf-8", prettyprint=True, version="1.2draft")
    # The day of writing would make two files of one network differ.
    for meta in writer.xml.iter("meta"):
        meta.attrib.pop("lastmodifieddate", None)
    writer.add_graph(graph)
    writer.write(file)


_WRITERS: Final = {"graphml": _graphml, "gexf": _gexf}
