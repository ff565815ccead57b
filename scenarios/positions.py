"""Where each key of a TOML text stands, for errors that say file:line:column."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import tree_sitter
import tree_sitter_toml

KeyPath = tuple[str | int, ...]
"""Keys from the root on; a number counts the items of an array."""


def key_positions(text: str) -> dict[KeyPath, tuple[int, int]]:
    """Return line and column (from 1) of every key of a TOML text, by its path from the root."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    found: dict[KeyPath, tuple[int, int]] = {}
    arrays: dict[KeyPath, int] = {}
    root = parser.parse(text.encode()).root_node
    for node in root.children:
        if node.type == "pair":
            _note_pair(node, (), found)
        elif node.type in {"table", "table_array_element"}:
            key = next(child for child in node.children if child.is_named)
            prefix = _through_arrays(_key_parts(key), arrays)
            if node.type == "table_array_element":
                arrays[prefix] = arrays.get(prefix, -1) + 1
                prefix = (*prefix, arrays[prefix])
            _note(found, prefix, key)
            for child in node.children:
                if child.type == "pair":
                    _note_pair(child, prefix, found)
    return found


def _through_arrays(parts: KeyPath, arrays: Mapping[KeyPath, int]) -> KeyPath:
    """Insert, after each array of tables but the last part, the index of its latest item."""
    path: KeyPath = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in arrays:
            path = (*path, arrays[path])
    return (*path, parts[-1])


def _note(found: dict[KeyPath, tuple[int, int]], path: KeyPath, node: tree_sitter.Node) -> None:
    found.setdefault(path, (node.start_point[0] + 1, node.start_point[1] + 1))


def _note_pair(pair: tree_sitter.Node, prefix: KeyPath, found: dict[KeyPath, tuple[int, int]]) -> None:
    key, value = (child for child in pair.children if child.is_named and child.type != "comment")
    path = (*prefix, *_key_parts(key))
    _note(found, path, key)
    _note_value(value, path, found)


def _note_value(value: tree_sitter.Node, path: KeyPath, found: dict[KeyPath, tuple[int, int]]) -> None:
    inner = [child for child in value.children if child.is_named and child.type != "comment"]
    if value.type == "inline_table":
        for pair in inner:
            _note_pair(pair, path, found)
    elif value.type == "array":
        for number, item in enumerate(inner):
            _note(found, (*path, number), item)
            _note_value(item, (*path, number), found)


def _key_parts(key: tree_sitter.Node) -> KeyPath:
    if key.type == "dotted_key":
        return tuple(part for child in key.children if child.is_named for part in _key_parts(child))
    raw = (key.text or b"").decode()
    if key.type == "quoted_key":
        return (next(iter(tomllib.loads(f"{raw} = 0"))),)
    return (raw,)
