"""Who drew the embedded data set `icons`, and under which licences.

A table alone, so that the report and a server state it without what draws icons.
"""

from typing import NamedTuple


class IconLicence(NamedTuple):
    """Families of icons by the same authors, with the versions of their fonts."""

    families: str
    authors: str
    licence: str


ICON_LICENCES = (
    IconLicence("Codicons 0.0.36", "Microsoft", "CC BY 4.0"),
    IconLicence("Elusive Icons 2.0", "Team Redux", "SIL OFL 1.1"),
    IconLicence(
        "Font Awesome Free 5.15.4 and 6.7.2, regular and solid",
        "Fonticons, Inc.",
        "SIL OFL 1.1",
    ),
    IconLicence(
        "Material Design Icons 5.9.55 and 6.9.96", "Pictogrammers", "Apache-2.0"
    ),
    IconLicence("Phosphor 1.3.0", "Helena Zhang and Tobias Fried", "MIT"),
    IconLicence("Remix Icon 2.5.0", "Remix Design", "Apache-2.0"),
)


def licences_of(source: str) -> tuple[IconLicence, ...]:
    """The licences of a `data.source`; none for data of others, which croquis cannot know."""
    return ICON_LICENCES if source == "icons" else ()
