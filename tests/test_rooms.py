"""The house rules that no reviewer should have to remember: one-way imports and honest packaging."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("sim", "agents", "analysis", "dashboards", "scenarios")

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "agents.reader": (),
    "agents": ("agents",),
    "sim.record": ("sim.record",),
    "sim": ("sim", "agents"),
    "analysis": ("analysis", "sim.record", "agents.reader"),
    "dashboards": ("dashboards", "analysis", "sim.record", "agents.reader"),
    "scenarios": ROOMS,
}
"""Default deny: a room imports itself and what stands here, nothing else of ours."""


def _modules() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def _room_of(name: str) -> str:
    return next(room for room in MAY_IMPORT if _within(name, room))


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name.removeprefix("moltarium.") for name in found if name.startswith("moltarium.")}


def test_every_room_is_seen() -> None:
    assert {_room_of(_name(path)) for path in _modules()} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", _modules(), ids=_name)
def test_imports_run_one_way(path: Path) -> None:
    name = _name(path)
    room = _room_of(name)
    allowed = (room, *MAY_IMPORT[room])
    strays = {i for i in _imports(path) if not any(_within(i, a) or _within(a, i) for a in allowed)}
    assert not strays, f"{name} may import only {allowed}, not {sorted(strays)}"


def test_only_society_imports_mesa() -> None:
    users = {
        _name(path)
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "mesa" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "mesa")
    }
    assert users <= {"sim.society"}


def test_packages_are_the_folders() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"])
    found = {
        "moltarium." + ".".join(init.parent.relative_to(ROOT).parts)
        for room in ROOMS
        for init in (ROOT / room).rglob("__init__.py")
    }
    assert listed == found
