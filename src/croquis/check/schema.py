"""What the schema says of params.yaml: for editors as JSON, for people as tables."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from croquis.core import params
from croquis.check.sections import ENTRIES, SECTIONS, TopLevel
from croquis.core.params import Section, section_of
from croquis.recipes.augment_params import AugmentParams, MixParams, PhaseParams
from croquis.recipes.probe_recipes import ProbeDefaults, ProbeParams
from croquis.recipes.recipes import LoraParams, ModelParams, TrainParams
from croquis.recipes.settings_layers import LIKE

LIKE_SAYS = "A key of `families`, whose values hold where the entry says nothing."
ENTRIES_SAY = {
    "families": "What models of a kind have in common, by the name of the kind.",
    "models": "The models by key; an entry says what differs from its family and from `train`.",
    "probes": "The probes by key; an entry says what differs from `probe`.",
}
BLOCKS: dict[str, type[Section]] = {
    "augment": AugmentParams,
    "phases": PhaseParams,
    "mix": MixParams,
    "lora": LoraParams,
}
TYPES = {
    "integer": "whole number",
    "number": "number",
    "boolean": "`true`, `false`",
    "string": "text",
    "null": "`null`",
    "object": "block",
}
BOUNDS = {
    "minimum": "≥",
    "exclusiveMinimum": ">",
    "maximum": "≤",
    "exclusiveMaximum": "<",
}
HEADER = """\
# Parameters

All keys of `params.yaml`. `croquis schema --write` takes this page from the code.
It takes `params.schema.json`, too, by which editors complete and explain keys.

A section needs all of its keys. An entry of `models` or `probes` states what differs.
`dvc exp run -S key=value` sets a key for an experiment.
It adds the key where an entry leaves it to its defaults.
"""


def json_schema() -> dict[str, Any]:
    """The JSON schema of params.yaml, by which editors complete and explain keys."""
    definitions: dict[str, Any] = {}
    numbers = _collected(TopLevel, definitions)
    properties = dict(numbers["properties"])
    for name, kind in SECTIONS.items():
        schema = _collected(kind, definitions)
        properties[name] = schema | {"required": list(schema["properties"])}
    model = _entry(_collected(ModelParams, definitions))
    like = {"type": "string", "description": LIKE_SAYS}
    properties["families"] = _named("families", model)
    with_like = model["properties"] | {LIKE: like}
    entry = model | {"properties": with_like, "required": ["backbone"]}
    properties["models"] = _named("models", entry)
    probe = _entry(_collected(ProbeParams, definitions))
    properties["probes"] = _named("probes", probe | {"required": ["embed"]})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "params.yaml of croquis",
        "type": "object",
        "additionalProperties": False,
        "required": [*TopLevel.model_fields, *SECTIONS, *ENTRIES],
        "properties": properties,
        "$defs": definitions,
    }


def schema_text() -> str:
    """`params.schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def params_page() -> str:
    """`docs/params.md`: a table a section."""
    lines = [
        HEADER,
        *_table("seed, lr and metric", _rows(TopLevel), "Keys in no section."),
    ]
    for name, kind in SECTIONS.items():
        lines += _table(f"`{name}`", _rows(kind), _summary(kind))
    lines += _table(
        "`families`", [_rest("models", "`train`")], ENTRIES_SAY["families"]
    )
    own = [row for row in _rows(ModelParams) if row not in _rows(TrainParams)]
    like = f"| `{LIKE}` | text | | {LIKE_SAYS} |"
    rest = _rest("train", "its family or `train`")
    lines += _table("`models`", [*own, like, rest], ENTRIES_SAY["models"])
    own = [row for row in _rows(ProbeParams) if row not in _rows(ProbeDefaults)]
    rest = _rest("probe", "`probe`")
    lines += _table("`probes`", [*own, rest], ENTRIES_SAY["probes"])
    for name, kind in BLOCKS.items():
        lines += _table(f"Inside `{name}`", _rows(kind), _summary(kind))
    return "\n".join(lines).rstrip() + "\n"


def _collected(kind: type[Section], definitions: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a section; what it refers to goes to `definitions`."""
    schema = _without_titles(kind.model_json_schema())
    # An example in a docstring is for people who read code.
    schema["description"] = schema["description"].partition("\n\n>>>")[0]
    definitions.update(schema.pop("$defs", {}))
    return schema


def _without_titles(schema: Any) -> Any:
    """The same without the names that pydantic makes up of keys."""
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(part)
        for key, part in schema.items()
        if key != "title" or not isinstance(part, str)
    }


def _entry(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of one that states differences: nothing is required, and nothing is a default."""
    properties = {
        key: {name: part for name, part in value.items() if name != "default"}
        for key, value in schema["properties"].items()
    }
    kept = {key: value for key, value in schema.items() if key != "required"}
    return kept | {"properties": properties}


def _named(section: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": ENTRIES_SAY[section],
        "propertyNames": {"pattern": "^[a-z0-9_]+$"},
        "additionalProperties": entry,
    }


def _table(title: str, rows: Sequence[str], says: str) -> list[str]:
    """A heading, a sentence, and the rows."""
    head = ["| key | value | default | what it is |", "|---|---|---|---|"]
    return [f"## {title}", "", says, "", *head, *rows, ""]


def _summary(kind: type[Section]) -> str:
    """The first line of what a section says of itself."""
    return (kind.__doc__ or "").split("\n")[0]


def _rest(section: str, default: str) -> str:
    """The row of all keys that the table of a section of defaults has."""
    return f"| any key of `{section}` | as there | that of {default} | as there |"


def _rows(kind: type[Section], start: str = "") -> list[str]:
    """A row a key, dotted; a block key by key."""
    rows = []
    properties = kind.model_json_schema()["properties"]
    for key, field in kind.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None:
            rows += _rows(inner, f"{start}{key}.")
            continue
        schema = properties[key]
        default = f"`{_plain(schema['default'])}`" if "default" in schema else ""
        cells = [
            f"`{start}{key}`",
            _value(schema),
            default,
            field.description or "",
        ]
        line = " | ".join(cell.replace("|", r"\|") for cell in cells)
        rows.append(f"| {line} |")
    return rows


def _value(schema: Mapping[str, Any]) -> str:
    """What a key may be, in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_value, schema["anyOf"])))
    if "enum" in schema or "const" in schema:
        names = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{name}`" for name in names)
    if schema.get("type") == "array":
        return f"list of {_value(schema['items'])}"
    bounds = [
        f"{sign} {schema[name]}" for name, sign in BOUNDS.items() if name in schema
    ]
    words = TYPES[schema.get("type", "object")]  # what is referred to is a block
    return f"{words} {', '.join(bounds)}".strip()


def _plain(value: Any) -> str:
    """A default as params.yaml has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return params.format_value(value)
