"""Images of strangers are opened in one place; what we open ourselves names its formats."""

import ast
from collections.abc import Iterator
from pathlib import Path

OPENER = Path("src/croquis/prepare/opening.py")
FILES = sorted(
    path
    for folder in ("src", "stages", "benchmarks", "docs")
    for path in Path(folder).rglob("*.py")
)


def calls_of_open(path: Path) -> Iterator[ast.Call]:
    """Calls of `Image.open` and `PIL.Image.open`, by whatever name Pillow's module has."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "PIL"
        for alias in node.names
        if alias.name == "Image"
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(
            node.func, ast.Attribute
        ):
            continue
        module = ast.unparse(node.func.value)
        if node.func.attr == "open" and (module in names or module == "PIL.Image"):
            yield node


def test_the_one_place_is_found() -> None:
    assert len(list(calls_of_open(OPENER))) == 1


def test_no_other_module_opens_an_image_of_any_format() -> None:
    for path in FILES:
        calls = list(calls_of_open(path))
        if path != OPENER and path.parts[0] in ("src", "stages"):
            assert not calls, path
        for call in calls:
            assert "formats" in {keyword.arg for keyword in call.keywords}, path


def test_opencv_reads_no_file_by_itself() -> None:
    """`depth` gives it the bytes of a file that Pillow has opened; nobody else."""
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert "cv2.imread" not in text.replace("cv2.imread_", ""), path
        assert "cv2.imdecode" not in text or path.name == "depth.py", path
