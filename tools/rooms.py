"""The plan of odelib, drawn from its imports: `.venv/bin/python tools/rooms.py`.

A room is a folder of odelib, or a file beside them; an arrow goes from a room to one that it
imports, anywhere in a file. A room stands one floor above the highest of those, so arrows lead down
if there is no circle, and then only.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "odelib"


def name_of(path):
    """The module that a file is: ("solving", "loop"); a folder's own is ("solving", "__init__")."""
    return path.relative_to(PACKAGE).with_suffix("").parts


def modules():
    """The file of each module of odelib, by its name."""
    return {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path):
    """Dotted names that a file imports, whichever way it is written, as tuples."""
    package = ("odelib", *name_of(path)[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = (*start, *(node.module or "").split("."))
            for alias in node.names:
                yield (*filter(None, base), alias.name)


def imported_modules(path, known):
    """Those of the `known` modules that a file imports: a folder means its `__init__`."""
    for name in imported(path):
        if name[0] != "odelib":
            continue
        for end in range(len(name), 1, -1):
            part = name[1:end]
            module = part if part in known else (*part, "__init__")
            if module in known:
                yield module
                break


def arrows_of_files():
    """Each module with the set of those that it imports; odelib's own `__init__` is left out."""
    known = modules()
    del known[("__init__",)]
    return {name: set(imported_modules(path, known)) - {name} for name, path in known.items()}


def arrows_of_rooms():
    """Each room with the set of those that it imports."""
    rooms = {}
    for name, found in arrows_of_files().items():
        rooms.setdefault(name[0], set()).update(other[0] for other in found)
    return {room: found - {room} for room, found in rooms.items()}


def floors(arrows):
    """The floor of each, counted from 0.

    Raises
    ------
    ValueError
        There is a circle; the message names it.
    """
    floor = {}

    def climb(name, below):
        if name in below:
            circle = [*below[below.index(name) :], name]
            raise ValueError(f"imports in a circle: {' → '.join(map(str, circle))}")
        if name not in floor:
            heights = [climb(other, (*below, name)) for other in sorted(arrows[name])]
            floor[name] = 1 + max(heights, default=-1)
        return floor[name]

    for name in arrows:
        climb(name, ())
    return floor


def main():
    """Print the floors from the top, each room with what it imports."""
    arrows = arrows_of_rooms()
    floor = floors(arrows)
    for height in range(max(floor.values()), -1, -1):
        print(f"floor {height}")
        for room in sorted(name for name in arrows if floor[name] == height):
            print(f"    {room:12} → {', '.join(sorted(arrows[room])) or 'nothing of odelib'}")
    count = sum(map(len, arrows.values()))
    print(f"{len(arrows)} rooms, {max(floor.values()) + 1} floors, {count} arrows")


if __name__ == "__main__":
    main()
