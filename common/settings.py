"""Settings: read once from the environment (and a `.env` file in this folder), typed and frozen."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import inspect


class SettingsError(Exception):
    """A setting is missing or malformed. The sentence names it and says what it should be."""


class Secret:
    """A text that shows nowhere but where it is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


class Settings(msgspec.Struct, frozen=True):
    """Each field is the environment variable of the same name in capitals; an empty variable counts as not set.

    A field's type is annotated with its bounds and with the description that docs/settings.md shows.
    """

    @classmethod
    def types(cls) -> dict[str, Any]:
        """The type of each setting, without its annotations."""
        return {field.name: get_args(field.type)[0] for field in msgspec.structs.fields(cls)}

    @classmethod
    def secret_names(cls) -> list[str]:
        """The settings that hold a secret."""
        return [name for name, kind in cls.types().items() if Secret in (kind, *get_args(kind))]

    @classmethod
    def kept_elsewhere(cls, unset: Sequence[str]) -> Mapping[str, str]:  # noqa: ARG003 (for those who keep some)
        """Of the settings that the environment lacks, those that it says where to fetch. Raises SettingsError."""
        return {}

    def problems(self) -> list[str]:
        """Say what is wrong with settings that have the right type: a sentence for each."""
        values = {name: getattr(self, name) for name in self.secret_names()}
        # They travel in headers and URLs. What is not in ASCII was mistyped, or cut out of some text.
        return [
            f"{name.upper()} has a character that no key has. Copy it again, and nothing beside it."
            for name, value in values.items()
            if value is not None and not name.endswith("_url") and not _is_plain(value.reveal())
        ]

    @property
    def secrets(self) -> list[Secret]:
        """Every secret that is set: what the logs must blot out."""
        values = (getattr(self, name) for name in self.secret_names())
        return [value for value in values if value is not None]


S = TypeVar("S", bound=Settings)


def read_settings(kind: type[S]) -> S:
    """Read settings of one kind; raises `SettingsError` with one line for each that is wrong."""
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    given = _environment()
    given |= kind.kept_elsewhere([name for name in types if name not in given])
    values, wrong = {}, []
    for name, wanted in types.items():
        try:
            if name in given:
                values[name] = _value(given[name], wanted)
        except msgspec.ValidationError:
            # Not the value itself: it may be a secret in the wrong line.
            wrong.append(f"{name.upper()} should be {_wanted(inspect.type_info(wanted))}.")
    settings = None if wrong else kind(**values)
    if settings is None or (wrong := settings.problems()):
        raise SettingsError("\n".join(wrong))
    return settings


def _environment() -> dict[str, str]:
    """What is set, by names in lower case; the environment goes before the file."""
    file: Mapping[str, str | None] = {}
    try:
        if Path(".env").is_file():
            from dotenv import dotenv_values

            file = dotenv_values(".env")
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}. Let this user read it, or start elsewhere.") from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env in this folder is not UTF-8 text. Mend it, or start elsewhere.") from None
    given = ((name.lower(), (text or "").strip()) for values in (file, os.environ) for name, text in values.items())
    return {name: text for name, text in given if text}


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _value(text: str, kind: Any) -> Any:  # noqa: ANN401 (a setting's type is known to its class)
    several = get_origin(get_args(kind)[0]) is frozenset
    given = [part.strip() for part in text.split(",") if part.strip()] if several else text
    return msgspec.convert(given, kind, strict=False, dec_hook=lambda _, text: Secret(text))


def _wanted(kind: inspect.Type) -> str:
    """What a person should have written."""
    match kind:
        case inspect.Metadata(type=inner):
            return _wanted(inner)
        case inspect.UnionType(types=types):
            return _wanted(next(inner for inner in types if not isinstance(inner, inspect.NoneType)))
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case inspect.IntType(gt=over, ge=least, le=most) | inspect.FloatType(gt=over, ge=least, le=most):
            bounds = [("over", over), ("from", least), ("up to", most)]
            number = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
            return " ".join([number, *(f"{word} {bound:g}" for word, bound in bounds if bound is not None)])
        case _:
            return "text"
