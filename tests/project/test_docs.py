"""The documentation holds together: every page is in the site, every link leads somewhere."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

PAGES = sorted(Path("docs").glob("*.md"))
PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
TERM = re.compile(r"glossary\.md#([a-z-]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it; a link without a target is an error there."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--site-dir",
        str(folder),
    ]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    text = Path("mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r": ([a-z]+\.md)$", text, re.MULTILINE))
    assert {page.name for page in PAGES} <= named


def test_the_site_is_built_with_search_and_loads_nothing_from_elsewhere(
    site: Path,
) -> None:
    assert (site / "search" / "search_index.json").is_file()
    pages = [page.read_text(encoding="utf-8") for page in site.glob("*.html")]
    assert len(pages) > len(PAGES)
    loaded = re.compile(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"https?://")
    assert not [page for page in pages if loaded.search(page)]


def test_code_has_no_page_on_the_site_and_its_name_stays(site: Path) -> None:
    text = (site / "ensembling.html").read_text(encoding="utf-8")
    assert "stages/vote.py" not in re.findall(r'href="([^"]+)"', text)
    assert "voting.py" in text


def test_the_python_interface_is_made_from_docstrings(site: Path) -> None:
    text = (site / "api.html").read_text(encoding="utf-8")
    named = re.findall(
        r"^::: croquis\.([\w.]+)$", Path("docs/api.md").read_text(), re.MULTILINE
    )
    assert len(named) > 8
    assert not [name for name in named if f'id="croquis.{name}"' not in text]


def test_links_of_the_repository_lead_to_files() -> None:
    """The site's own check sees pages alone; people also read them as files."""
    roots = [
        Path("README.md"),
        Path("CHANGELOG.md"),
        Path("CONTRIBUTING.md"),
        *PAGES,
    ]
    for page in [*roots, Path("benchmarks/RESULTS.md")]:
        for target in re.findall(
            r"\]\(([^)\s#]+)[^)]*\)", page.read_text(encoding="utf-8")
        ):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_files_of_code_that_pages_name_are_there() -> None:
    """Two pages named a file by the folder in which it had been."""
    places = [Path(), Path("src/croquis")]
    for page in [Path("README.md"), Path("CONTRIBUTING.md"), *PAGES]:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"(?<![\w/.])(?:[a-z_]+/)+[a-z_]+\.py\b", text):
            assert any((place / name).is_file() for place in places), (
                f"{page}: {name}"
            )


def test_terms_that_pages_link_to_are_in_the_glossary() -> None:
    glossary = Path("docs/glossary.md").read_text(encoding="utf-8")
    names = re.findall(r"^### (.+)$", glossary, re.MULTILINE)
    known = {re.sub(r"[^a-z]+", "-", name.lower()) for name in names}
    used = set(TERM.findall(Path("README.md").read_text(encoding="utf-8")))
    assert (
        {"oof", "member", "probe", "fold-vote", "single-folds", "plain-folds"}
        <= used
        <= known
    )
    assert {"nested", "group", "domain"} <= known


def test_the_readme_is_short() -> None:
    assert len(Path("README.md").read_text(encoding="utf-8").splitlines()) <= 170


def test_the_changelog_begins_with_this_version() -> None:
    text = Path("CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", text, re.MULTILINE)
    assert versions[0] == PROJECT["version"] and versions[-1] == "0.1.0"


def test_the_licence_is_that_of_the_package() -> None:
    text = Path("LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text and "Version 2.0" in text


def test_hosted_ci_runs_what_ci_runs_here() -> None:
    workflow = yaml.safe_load(
        Path(".github/workflows/ci.yml").read_text(encoding="utf-8")
    )
    (job,) = workflow["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert job["steps"][-1] == {"run": ".ci/run"}


def test_hooks_before_a_commit_are_those_of_lint() -> None:
    hooks = yaml.safe_load(
        Path(".pre-commit-config.yaml").read_text(encoding="utf-8")
    )
    makefile = Path("Makefile").read_text(encoding="utf-8")
    lint = makefile.partition("\nlint:")[2].partition("\n\n")[0]
    for hook in hooks["repos"][0]["hooks"]:
        program = hook["entry"].removeprefix(".venv/bin/").split(" --")[0]
        assert program in lint
