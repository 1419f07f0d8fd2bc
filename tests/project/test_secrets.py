"""Secrets in data.source reach no text for people: not a page, a run, a name, a line, an error."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.strange_server import serve, whole
from support.tiny import Project

# Each in another part of the address.
SECRETS = (
    "SECuser",
    "SECpass",
    "SECpath",
    "SECsemi",
    "SECsig",
    "SECamz",
    "SECfrag",
)
# What DVC and croquis compare parameters with, word for word (docs/data.md).
VERBATIM = ("params.yaml", "dvc.lock", ".dvc/cache/runs/", ".resume/read/", ".git/")


def address(host: str) -> str:
    user = "SECuser:SECpass%40x"
    path = "dl/token=SECpath/ferns.tar.gz;sid=SECsemi"
    query = "sig=SECsig&X-Amz-Signature=SECamz&id=7"
    return f"http://{user}@{host}/{path}?{query}#SECfrag"


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def leaking_files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if leaks(name):
            yield name
        # The cache has what dvc.lock says of folders, and a file of its own for each output.
        if not path.is_file() or name.startswith((*VERBATIM, "tests/")):
            continue
        if leaks(path.read_bytes().decode("latin-1")):
            yield name


@pytest.mark.slow
def test_no_secret_of_the_source_is_shown_or_kept(project: Project) -> None:
    archive = (project.folder / "competition.tar.gz").read_bytes()
    store = "MLFLOW_TRACKING_URI=sqlite:///.outside/secrets.db "
    try:
        with serve(whole(archive)) as server, project.loaded():
            with project.params_as({"data.source": address(server.host)}):
                # Without RUN `make` takes its commands from PATH.
                texts = [project.run(f"{store} make -s repro RUN=")]
                texts += [project.run(f"{store} croquis export")]
                texts += [project.run("croquis experiments; croquis summary")]
                files = list(leaking_files(project.folder))
        with project.params_as({"data.source": address("127.0.0.1:9")}):
            texts += [project.run(f"{store} croquis why; croquis undo --dry-run")]
            texts += [project.run("dvc repro download", fails=True)]
            files += list(leaking_files(project.folder))
    finally:
        project.run("git checkout -q -- . && dvc checkout -q")
    assert "check: data.source holds a secret, http://***@127.0.0.1" in texts[0]
    assert [leak for text in texts for leak in leaks(text)] == []
    assert files == []
