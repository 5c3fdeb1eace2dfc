"""Template files: YAML, one template a file; what is wrong is told with its line."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml
from platformdirs import user_config_path

from napari_medassist.annotation.findings.template import KINDS, RULES, Choice, Field, Template
from napari_medassist.core.errors import CorruptFile, MedAssistError
from napari_medassist.io.yaml_nodes import NodeReader, read_yaml_text, yaml_files

_CURE = "Correct the file; until then the templates that come with MedAssist are used."
_TEMPLATE_ENTRIES = ("name", "title", "source", "places", "places_title", "fields")
_COMMON = ("name", "title", "kind", "tip", "in_table", "code")
_ENTRIES = {
    "number": (*_COMMON, "unit", "low", "high", "decimals"),
    "choice": (*_COMMON, "choices"),
    "text": _COMMON,
    "computed": (*_COMMON, "rule"),
}
#: Names of columns that every table has; a field cannot be called so.
RESERVED = (
    "id", "number", "lesion", "map", "label", "part", "volume_ml", "axial_mm", "diameter_3d_mm", "mean",
    "location", "side", "notes", "reader", "created", "changed", "template",
)  # fmt: skip


def user_template_folder() -> Path:
    """Return the folder of the user's own templates."""
    return user_config_path("napari-medassist") / "templates"


@cache
def built_in_templates() -> tuple[Template, ...]:
    """Return the templates that come with the package."""
    folder = files("napari_medassist.annotation.findings") / "templates"
    found = sorted(folder.iterdir(), key=lambda entry: entry.name)
    return tuple(
        parse_template(entry.read_text(encoding="utf-8"), Path(entry.name))
        for entry in found
        if entry.name.endswith(".yaml")
    )


def all_templates(
    folder: Path | None = None,
) -> tuple[tuple[Template, ...], tuple[MedAssistError, ...]]:
    """Return our templates and the user's, and what is wrong with files that were passed over.

    A user's template takes the place of one of ours that has the same name.

    Parameters
    ----------
    folder
        The user's folder; by default the one in the configuration folder.
    """
    own: dict[str, Template] = {}
    problems: list[MedAssistError] = []
    folder = user_template_folder() if folder is None else folder
    for path in yaml_files(folder):
        try:
            template = read_template(path)
            if template.name in own:
                raise CorruptFile(f"Line 1: another file is named '{template.name}' too.", path=path,
                                  cure="Give one of the two another name.")  # fmt: skip
            own[template.name] = template
        except MedAssistError as error:
            problems.append(error)
    ours = tuple(t for t in built_in_templates() if t.name not in own)
    return (*own.values(), *ours), tuple(problems)


def read_template(path: Path) -> Template:
    """Read a template file.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no template; the message names the line.
    """
    return parse_template(read_yaml_text(path, "template", _CURE), path)


def parse_template(text: str, path: Path) -> Template:
    """Return the template in a file's text.

    Raises
    ------
    CorruptFile
        If it is no template; the message names the line.
    """
    return _Reader(path, _CURE).template(text)


class _Reader(NodeReader):
    """Turns the nodes of a file into a template."""

    def template(self, text: str) -> Template:
        node = self._root(text)
        entries = self._entries(node, _TEMPLATE_ENTRIES, must=("name", "title", "fields"))
        nodes = self._items(entries["fields"])
        fields: list[Field] = []
        for item in nodes:
            made = self._field(item)
            if any(made.name == other.name for other in fields):
                raise self._wrong(item, f"the field '{made.name}' stands twice")
            fields.append(made)
        self._require_inputs(entries["fields"], fields)
        places, has_map = self._places(entries.get("places"))
        return Template(
            self._text(entries["name"]),
            self._text(entries["title"]),
            tuple(fields),
            places,
            has_map,
            self._optional(entries, "places_title", "Location"),
            self._optional(entries, "source", ""),
        )

    def _require_inputs(self, node: yaml.Node, fields: list[Field]) -> None:
        """Complain of a rule whose inputs the template does not have."""
        names = {f.name for f in fields}
        needed = {"criteria", "t2", "dwi", "dce", "category"}
        if any(f.rule for f in fields) and not needed <= names:
            missing = ", ".join(sorted(needed - names))
            raise self._wrong(node, f"the rule {RULES[0]} needs the fields {missing} too")

    def _places(self, node: yaml.Node | None) -> tuple[tuple[str, ...], bool]:
        if node is None:
            return (), False
        if isinstance(node, yaml.SequenceNode):
            return tuple(self._text(n) for n in node.value), False
        if self._text(node) != "prostate-sectors":
            raise self._wrong(node, "a list of places is expected here, or 'prostate-sectors'")
        return (), True

    def _field(self, node: yaml.Node) -> Field:
        everything = tuple(dict.fromkeys(e for entries in _ENTRIES.values() for e in entries))
        entries = self._entries(node, everything, must=("name", "title", "kind"))
        kind = self._text(entries["kind"])
        if kind not in KINDS:
            raise self._wrong(
                entries["kind"], f"'{kind}' is no kind of field; known are {', '.join(KINDS)}"
            )
        entries = self._entries(node, _ENTRIES[kind], must=("name", "title"))
        name = self._text(entries["name"])
        if not name.isidentifier():
            raise self._wrong(entries["name"], f"'{name}' is no name: letters, digits and _ only")
        if name in RESERVED:
            raise self._wrong(entries["name"], f"every table has '{name}'; choose another name")
        low, high = self._number(entries.get("low")), self._number(entries.get("high"))
        if low is not None and high is not None and low > high:
            raise self._wrong(entries["low"], f"{low:g} lies above {high:g}")
        return Field(
            name=name,
            title=self._text(entries["title"]),
            kind=kind,
            unit=self._optional(entries, "unit", ""),
            low=low,
            high=high,
            decimals=int(self._number(entries.get("decimals")) or 0) if "decimals" in entries else 1,
            choices=self._choices(node, entries) if kind == "choice" else (),
            rule=self._rule(node, entries) if kind == "computed" else "",
            tip=self._optional(entries, "tip", ""),
            in_table=self._optional(entries, "in_table", "true").lower() not in ("false", "no"),
            code=self._code(entries.get("code")),
        )

    def _choices(self, node: yaml.Node, entries: dict[str, yaml.Node]) -> tuple[Choice, ...]:
        found: list[Choice] = []
        for item in self._items(entries["choices"]) if "choices" in entries else []:
            choice = self._choice(item)
            if any(choice.value == other.value for other in found):
                raise self._wrong(item, f"the choice '{choice.value}' stands twice")
            found.append(choice)
        if not found:
            raise self._wrong(node, "a choice needs 'choices'")
        return tuple(found)

    def _choice(self, node: yaml.Node) -> Choice:
        if isinstance(node, yaml.ScalarNode):
            return Choice(self._text(node), self._text(node))
        entries = self._entries(node, ("value", "title", "code"), must=("value",))
        value = self._text(entries["value"])
        return Choice(value, self._optional(entries, "title", value), self._code(entries.get("code")))

    def _rule(self, node: yaml.Node, entries: dict[str, yaml.Node]) -> str:
        if "rule" not in entries:
            raise self._wrong(node, "a computed field needs a 'rule'")
        rule = self._text(entries["rule"])
        if rule not in RULES:
            raise self._wrong(entries["rule"], f"'{rule}' is no rule; known are {', '.join(RULES)}")
        return rule

    def _number(self, node: yaml.Node | None) -> float | None:
        if node is None:
            return None
        try:
            return float(self._text(node))
        except ValueError:
            raise self._wrong(node, f"'{node.value}' is no number") from None
