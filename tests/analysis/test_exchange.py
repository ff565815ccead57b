"""Networks written to files come back as they were, whatever agents call themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moltarium.analysis.graphs.exchange import Format, write_network, xml_safe
from moltarium.analysis.graphs.networks import from_pairs
from moltarium.analysis.graphs.projections import project

HOSTILE = [
    "a\x00b",
    "]]>",
    "<script>&amp;",
    "a\\u0000b",
    "\ud800",
    "\r\n\t",
    " ",
    "\ufffe",
    "=cmd()",
    "🦞\x1b[2J",
]


def read(path: Path, form: Format) -> nx.Graph[str]:
    return nx.read_graphml(path) if form == "graphml" else nx.read_gexf(path)


@pytest.mark.parametrize("form", ["graphml", "gexf"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(st.characters(codec=None), max_size=12), min_size=2, max_size=6, unique=True))
def test_any_handle_survives(tmp_path: Path, form: Format, names: list[str]) -> None:
    net = from_pairs(
        np.array([f"id-{name}" for name in names], dtype=object), np.array([0, 1]), np.array([1, 0])
    )
    labels = {f"id-{name}": name for name in names}
    write_network(net, tmp_path / "net", form, labels=labels)
    back = read(tmp_path / "net", form)
    assert set(back) == {xml_safe(str(name)) for name in net.names}
    assert back.number_of_nodes() == 2
    for name in map(str, net.names):
        assert back.nodes[xml_safe(name)].get("label", "") == xml_safe(labels[name])


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_hostile_names_stay_apart_and_data(tmp_path: Path, form: Format) -> None:
    names = np.array(HOSTILE, dtype=object)
    ends = np.arange(len(names))
    net = from_pairs(names, ends, np.roll(ends, 1))
    write_network(net, tmp_path / "net", form)
    back = read(tmp_path / "net", form)
    assert back.number_of_nodes() == back.number_of_edges() == len(HOSTILE)
    assert not {"script"} & {element.tag for element in ElementTree.parse(tmp_path / "net").iter()}


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_weights_directions_and_loops_come_back(tmp_path: Path, form: Format) -> None:
    names = np.array(["ann", "bob", "cat"], dtype=object)
    source, target = np.array([0, 0, 1, 2]), np.array([1, 1, 0, 2])
    net = from_pairs(names, source, target, loops=True)
    write_network(net, tmp_path / "net", form)
    back = read(tmp_path / "net", form)
    assert back.is_directed()
    assert {(a, b): data["weight"] for a, b, data in back.edges(data=True)} == {
        ("ann", "bob"): 2,
        ("bob", "ann"): 1,
        ("cat", "cat"): 1,
    }
    write_network(net, tmp_path / "net", form, weighted=False)
    bare: Any = read(tmp_path / "net", form)
    assert set(bare.edges) == set(back.edges)
    assert not any("weight" in data for _, _, data in bare.edges(data=True))


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_meetings_are_undirected_with_both_counts(tmp_path: Path, form: Format) -> None:
    names = np.array(["ann", "bob", "cat"], dtype=object)
    met = project(names, np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2]), "shared_thread")
    write_network(met, tmp_path / "net", form)
    back = read(tmp_path / "net", form)
    assert not back.is_directed()
    assert (back["ann"]["bob"]["weight"], back["ann"]["bob"]["shared"]) == (1.5, 2)


def test_arrays_come_back(tmp_path: Path) -> None:
    names = np.array(["a\x00", "b"], dtype=object)
    net = from_pairs(names, np.array([0, 0]), np.array([1, 1]))
    write_network(net, tmp_path / "net.npz", "npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as back:
        assert back["names"].tolist() == ["a\\u0000", "b"]
        assert [back[name].tolist() for name in ("source", "target", "weight")] == [[0], [1], [2]]
    write_network(net, tmp_path / "net.npz", "npz", weighted=False)
    with np.load(tmp_path / "net.npz", allow_pickle=False) as back:
        assert set(back) == {"names", "source", "target"}


@pytest.mark.parametrize("form", ["graphml", "gexf", "npz"])
def test_the_same_network_gives_the_same_file_and_an_empty_one_is_read(tmp_path: Path, form: Format) -> None:
    net = from_pairs(np.array(["a", "b"], dtype=object), np.array([0]), np.array([1]))
    for name in ("one", "two"):
        write_network(net, tmp_path / name, form)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert b"2026-" not in (tmp_path / "one").read_bytes()
    nothing = np.zeros(0, dtype=np.int64)
    write_network(from_pairs(np.array([], dtype=object), nothing, nothing), tmp_path / "none", form)
    if form != "npz":
        assert not read(tmp_path / "none", form)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    net = from_pairs(np.array(["a", "b"], dtype=object), np.array([0]), np.array([1]))
    with pytest.raises(OSError, match="net"):
        write_network(net, tmp_path / "net", "graphml")
    assert [path.name for path in tmp_path.iterdir()] == ["net"]
