"""`devbench.toml`: options of `devbench run` that a project, or a user, does not want to type each time.

They are put behind what was typed, as if they had been typed too, so that a run records them in its command line.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

from devbench.cli.environment import command_text
from devbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devbench.suites.section import Section

FILE = "devbench.toml"
TABLE = "run"
NOT_IN_FILE = ("help", "resume", "dry-run")
# what run.json does not decide: --resume takes these from the file, and no other
HOW = (
    "out", "max-silence", "max-away", "allow-reboot", "hub-power", "lab", "lab-keys", "max-parity-abs",
    "max-parity-mse", "strict", "format", "json", "quiet",
)  # fmt: skip
PATHS = ("out", "lab-keys")  # relative to the file
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
        if typed.get("models"):
            taken |= set(OF_SUITES)
        if typed.get("resume"):
            taken |= set(options) - set(HOW)
        given = {path: _arguments(path, options, taken) for path in _files(Path.cwd())}
        ctx.obj = {path: words for path, words in given.items() if words}
        return super().parse_args(ctx, [*(word for words in given.values() for word in words), *args])


def from_file(context: Any, say: Callable[[str], None]) -> tuple[str, ...]:
    """The words that files gave for a command; each file is told with its own."""
    given: dict[Path, list[str]] = context.obj or {}
    for path, words in given.items():
        say(f"from {path}: {command_text(tuple(words))}")
    return tuple(word for words in given.values() for word in words)


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


def _arguments(path: Path, options: dict[str, Any], taken: set[str]) -> list[str]:
    """What the file says and nobody said before, as words of a command line; `taken` grows by it."""
    from devbench.suites.section import Section

    text, values = _read(path)
    top = Section(values, origin=str(path), text=text, allowed=(TABLE,))
    table = top.table(TABLE) or {}
    section = Section(table, origin=str(path), text=text, name=TABLE, place=-1, allowed=tuple(options))
    found: list[str] = []
    for name in table:
        words = _words(section, name, options[name], path.parent)
        if name not in taken:
            found += words
            taken.add(name)
    return found


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML in UTF-8: {error}") from error


def _words(section: Section, name: str, option: Any, folder: Path) -> list[str]:
    """One option as it would be typed; a list is repeated or joined by commas, as the option takes it."""
    value = section.raw(name)
    if getattr(option, "is_flag", False):
        if not isinstance(value, bool):
            section.refuse(name, f"{name} is {value!r}, but must be true or false")
        return [f"--{name}"] if value else []
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values):
        section.refuse(name, f"{name} is {value!r}, but must be a text, a number or a list of them")
    texts = [str(each) for each in values]
    if name in PATHS or (name == "suite" and (folder / texts[0]).is_file()):
        texts = [str(folder / each) for each in texts]
    if not getattr(option, "multiple", False):
        texts = [",".join(texts)]
    return [word for each in texts for word in (f"--{name}", each)]
