"""The templates of this folder, and the filters by which they write numbers."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from croquis.core import text


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
        "share": text.share,
        "gain": text.gain,
        "side": text.side_of_interval,
        "counted": text.counted,
        "symmetry": text.symmetry,
        "odds": text.odds,
        "duration": text.duration,
    }
    return environment.get_template(name)
