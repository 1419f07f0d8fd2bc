"""The templates of this folder, and the filters by which they write numbers."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from croquis.core import wording


def template(name: str) -> Template:
    """A template by its file name. No name of a class or image in it can become markup."""
    # Of autoescape, only what this package marks itself (SVG, the style sheet) is exempt.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": wording.share,
        "gain": wording.gain,
        "side": wording.side,
        "ends": wording.ends,
        "counted": wording.counted,
        "symmetry": wording.symmetry,
        "odds": wording.odds,
        "duration": wording.duration,
    }
    return environment.get_template(name)
