"""The versions of MLflow's tables are read from its files as alembic reads them."""

from pathlib import Path

import mlflow
from alembic.script import ScriptDirectory

from croquis.tracking.revisions import revisions


def test_the_versions_are_those_that_alembic_finds() -> None:
    folder = Path(mlflow.__file__).with_name("store") / "db_migrations"
    script = ScriptDirectory(str(folder))
    every = {each.revision for each in script.walk_revisions()}
    assert revisions() == (every, script.get_current_head())
