"""`devbench.toml`: options of commands that a project, or a user, does not want to type each time.

They are put behind what was typed, as if they had been typed too, so that a run records them in its command line.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

from devbench.cli.environment import RESULTS, command_text
from devbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from devbench.suites.section import Section

FILE = "devbench.toml"
RUN = "run"
TABLES = (RUN, "compare", "aa", "report", "check", "history", "clean")
NOT_IN_FILE = ("help", "resume", "dry-run")
# what [run] says for other commands too, by their own names: which phones, and where runs are
OF_RUN = {
    "compare": {"device": "device", "out": "out"},
    "aa": {"device": "device", "out": "out"},
    "doctor": {"device": "device", "out": "out"},
    "report": {"out": "results"},
    "check": {"out": "out"},
    "import": {"out": "out"},
}
# what no measurement depends on: where nothing is measured anew, files give these and no other
HOW = (
    "out", "max-silence", "max-away", "allow-reboot", "hub-power", "lab", "lab-keys", "max-parity-abs",
    "max-parity-mse", "strict", "format", "json", "quiet",
)  # fmt: skip
# relative to the file
PATHS = ("out", "results", "budget", "config", "csv", "html", "index", "lab-keys")
# what stands aside for model files that are typed
OF_SUITES = ("suite", "fast")


class WithProjectFile(TyperCommand):
    """A command whose options may stand in `devbench.toml`; what is typed wins.

    `ctx.obj` is then what each file gave, by its path. (Typer brings click along, or uses that which is installed:
    classes of click are not named here.)
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        typed = self.make_parser(ctx).parse_args(list(args))[0]
        if typed.get("help"):
            return super().parse_args(ctx, args)
        options = {name: option for option in self.params if (name := _name(option)) is not None}
        taken = {name for name, option in options.items() if typed.get(option.name or "") not in (None, ())}
        taken |= _aside(typed, options)
        command = ctx.info_name
        given = {path: _arguments(path, command, options, taken) for path in _files(Path.cwd())}
        ctx.obj = {path: words for path, words in given.items() if words}
        return super().parse_args(ctx, [*(word for words in given.values() for word in words), *args])

    def invoke(self, ctx: Any) -> Any:
        if not ctx.params.get("quiet"):
            from devbench.console import print_line

            for path, words in ctx.obj.items():
                print_line(f"from {path}: {command_text(tuple(words))}", to_stderr=True)
        return super().invoke(ctx)


def from_file(context: Any) -> tuple[str, ...]:
    """The words that files gave for a command."""
    given: dict[Path, list[str]] = context.obj or {}
    return tuple(word for words in given.values() for word in words)


def results_here() -> Path:
    """Where `devbench run` puts its runs when nobody types it: what a file says, or `results`."""
    for path in _files(Path.cwd()):
        if (out := _read(path).table(RUN).get("out")) is not None:
            return path.parent / str(out)
    return RESULTS


def _aside(typed: dict[str, Any], options: Collection[str]) -> set[str]:
    """What files do not say because of what was typed."""
    if typed.get("resume") or ("b" in typed and not Path(typed["b"]).is_file()):
        return set(options) - set(HOW)  # of a run that is resumed, or runs that are compared, its folder tells
    return set(OF_SUITES) if typed.get("models") else set()


def _name(option: Any) -> str | None:
    """The long name that a file may have, without its dashes."""
    names = [word.removeprefix("--") for word in option.opts if word.startswith("--")]
    return names[0] if names and names[0] not in NOT_IN_FILE else None


def _files(here: Path) -> Iterator[Path]:
    """The project's, in this folder or the nearest above it, then the user's."""
    from platformdirs import user_config_path

    project = next((folder / FILE for folder in (here, *here.parents) if (folder / FILE).is_file()), None)
    for path in dict.fromkeys((project, user_config_path("devbench") / FILE)):
        if path is not None and path.is_file():
            yield path


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file as it was read; its tables are checked when their command is asked for."""

    path: Path
    text: str
    tables: dict[str, Mapping[str, Any]]

    def table(self, name: str) -> Mapping[str, Any]:
        return self.tables.get(name, {})

    def section(self, name: str, allowed: Collection[str]) -> Section:
        from devbench.suites.section import Section

        return Section(
            self.table(name), origin=str(self.path), text=self.text, name=name, place=-1, allowed=tuple(allowed)
        )


def _arguments(path: Path, command: str, options: dict[str, Any], taken: set[str]) -> list[str]:
    """What the file says and nobody said before, as words of a command line; `taken` grows by it."""
    file = _read(path)
    own = file.section(command, options)
    said = [(own, name, name) for name in file.table(command)]
    of_run = file.section(RUN, tuple(file.table(RUN)))
    said += [(of_run, name, mine) for name, mine in OF_RUN.get(command, {}).items() if name in of_run]
    found: list[str] = []
    for section, name, mine in said:
        words = _words(section, name, mine, options[mine], path.parent)
        if mine not in taken:
            found += words
            taken.add(mine)
    return found


def _read(path: Path) -> _File:
    from devbench.suites.section import Section

    try:
        text = path.read_text("utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML in UTF-8: {error}") from error
    top = Section(values, origin=str(path), text=text, allowed=TABLES)
    return _File(path=path, text=text, tables={name: top.table(name) or {} for name in values})


def _words(section: Section, name: str, mine: str, option: Any, folder: Path) -> list[str]:
    """Option `mine` as it would be typed; a list is repeated or joined by commas, as the option takes it."""
    value = section.raw(name)
    if getattr(option, "is_flag", False):
        if not isinstance(value, bool):
            section.refuse(name, f"{name} is {value!r}, but must be true or false")
        return [f"--{mine}"] if value else []
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values):
        section.refuse(name, f"{name} is {value!r}, but must be a text, a number or a list of them")
    texts = [str(each) for each in values]
    if mine in PATHS or (name == "suite" and (folder / texts[0]).is_file()):
        texts = [str(folder / each) for each in texts]
    if not getattr(option, "multiple", False):
        texts = [",".join(texts)]
    return [word for each in texts for word in (f"--{mine}", each)]
