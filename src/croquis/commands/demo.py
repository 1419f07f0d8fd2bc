"""`croquis demo`: a page to draw on, which the ensemble of the last run guesses at."""

import os
from pathlib import Path
from typing import Annotated

import typer

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.workspaces import temporary_folder


def demo(
    port: Annotated[int, typer.Option(help="on this machine alone")] = 7860,
    parameters: Annotated[Path, typer.Option(help="as the run had it")] = Path(
        "params.yaml"
    ),
    images: Annotated[Path, typer.Option(help="of prepare")] = Path("data/images"),
    ensemble: Annotated[Path, typer.Option(help="of ensemble")] = Path(
        "data/ensemble"
    ),
    checkpoints: Annotated[Path, typer.Option(help="of train")] = Path(
        "data/checkpoints"
    ),
) -> None:
    """Opens a page to draw on at http://127.0.0.1:<port>; Ctrl-C ends it."""
    with (
        temporary_folder("demo") as folder,
        cli.one_line(),
    ):
        # What people upload goes when the page does.
        os.environ["GRADIO_TEMP_DIR"] = str(folder)
        _serve(port, parameters, images, ensemble, checkpoints)


def _serve(
    port: int, parameters: Path, images: Path, ensemble: Path, checkpoints: Path
) -> None:
    from croquis.demo.loading import loading_line

    if (ensemble / "recipe.json").is_file():  # else an error says what is missing
        typer.echo(loading_line(ensemble / "recipe.json"))
    # Networks and Gradio take seconds to import.
    from croquis.demo.examples import Examples
    from croquis.demo.page import Guesser, demo_page, launch
    from croquis.serving.agreement import load_run

    _, loaded = load_run(
        parameters=parameters,
        images=images,
        ensemble=ensemble,
        checkpoints=checkpoints,
    )
    blocks = demo_page(
        Guesser(loaded, Examples(images / "index.csv", images / "pixels.npy"))
    )
    try:
        address = launch(blocks, port, prevent_thread_lock=True)
    except OSError as error:
        fix = f"say PORT={port + 1}, or another"
        raise InputError(
            f"port {port}", expected="a free port", received="one in use", fix=fix
        ) from error
    typer.echo(f"demo: {address} draws on this machine alone; Ctrl-C ends it")
    blocks.block_thread()
