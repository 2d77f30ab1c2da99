"""The architecture: imports run one way, no circle, modules that fit one sitting, each with its test."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "ch5"
# Each room may import from those before it and from itself.
ROOMS = ("engine", "networks", "data", "analysis", "experiments", "book")
ABOVE = {("data", "networks"): "data knows nothing of networks"}
MODULES = sorted(path for path in SRC.rglob("*.py") if path.name != "__init__.py")


def imported(path):
    """The modules of ch5 that a file imports, as paths relative to src/ch5."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ch5":
            base = SRC.joinpath(*node.module.split(".")[1:])
            for name in node.names:
                target = base / f"{name.name}.py"
                found.add(
                    target if target.exists() else base.with_suffix(".py") if base.suffix == "" else base
                )
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("ch5."):
                    found.add(SRC.joinpath(*name.name.split(".")[1:]).with_suffix(".py"))
    return {target.relative_to(SRC) for target in found if target.exists()}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_imports_run_one_way(path):
    """From the ground floor to the roof: engine, networks and data, analysis, experiments, book."""
    own = path.relative_to(SRC).parts[0]
    if own not in ROOMS:
        pytest.skip("the command line may use every room")
    for target in imported(path):
        other = target.parts[0]
        assert ROOMS.index(other) <= ROOMS.index(own), f"{path.name} of {own} imports {target}"
        assert (own, other) not in ABOVE, f"{path.name}: {ABOVE[own, other]}"


def test_no_module_imports_itself_through_others():
    graph = {path.relative_to(SRC): imported(path) for path in MODULES}
    done, way = set(), []

    def visit(module):
        assert module not in way, " -> ".join(map(str, [*way, module]))
        if module not in done:
            way.append(module)
            for target in graph.get(module, ()):
                visit(target)
            done.add(way.pop())

    for module in graph:
        visit(module)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_module_fits_one_sitting(path):
    assert len(path.read_text().splitlines()) <= 250
