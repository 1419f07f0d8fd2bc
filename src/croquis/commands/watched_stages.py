"""What `dvc` asks before it deletes the outputs of a stage, and before it records what they are of.

`check` looks when a run begins, and a stage until it ends. Hours later DVC deletes what stands in
the places of the next stage's outputs; and it takes hashes when the process of a stage has ended.
"""

import functools
from contextlib import chdir
from pathlib import Path
from typing import Any

from croquis.check.files_in_the_way import refuse_in
from croquis.check.outputs import outputs_of
from croquis.core.stage_files import inputs, read_notes
from croquis.verify.dvc_inputs import refuse_damaged


def watch() -> None:
    """Has each stage that this process runs from now on asked about.

    Both are methods of DVC's Stage that are no promise of it: test_dvc_contract.py holds
    what is used of them.
    """
    from dvc.stage import Stage

    # By this process: a note of another run says nothing of this one.
    begun: set[str] = set()
    remove_outs = Stage.remove_outs
    save_deps = Stage.save_deps

    @functools.wraps(remove_outs)
    def asked_remove(stage: Any, *arguments: Any, **options: Any) -> Any:
        _before_outputs_go(stage)
        begun.add(stage.addressing)
        return remove_outs(stage, *arguments, **options)

    @functools.wraps(save_deps)
    def asked_save(stage: Any, *arguments: Any, **options: Any) -> Any:
        done = save_deps(stage, *arguments, **options)
        if (
            stage.addressing in begun
        ):  # after the hashes, so that no edit falls between
            with chdir(Path(stage.wdir)):
                inputs.refuse_changed(_name(stage))
        return done

    Stage.remove_outs = asked_remove
    Stage.save_deps = asked_save


def _before_outputs_go(stage: Any) -> None:
    """Raises InputError if a person's file would go; then the stage's last note goes."""
    with chdir(Path(stage.repo.root_dir)):
        refuse_in(outputs_of(stage))
        refuse_damaged(stage)
    with chdir(Path(stage.wdir)):
        read_notes.note_path(_name(stage)).unlink(missing_ok=True)


def _name(stage: Any) -> str:
    """As the stage itself has it: `train@lite0_80-0`, without the file of the pipeline."""
    return str(stage.addressing).rpartition(":")[2]
