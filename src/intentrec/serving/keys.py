"""API keys: who may do what. Only hashes are stored, in `keys.json` of the workspace."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intentrec.errors import ConfigError, NotFoundError, WorkspaceError
from intentrec.workspace.files import write_atomic

KEYS_FILE = "keys.json"
LIVE_FOLDER = "live"
Scope = Literal["read", "write", "erase", "label", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
_PREFIX = "ir_"
_RANDOM_BYTES = 32


class Key(BaseModel):
    """One key as it is stored.

    Attributes:
        name: What people call it; logs and metrics show it.
        sha256: Hash of the key itself, in hex. Keys are 256 random bits, so that no slow hash is needed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    scopes: tuple[Scope, ...] = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    created_at: datetime


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: list[Key] = Field(default_factory=list)


@dataclass(frozen=True)
class Caller:
    """Who makes a request.

    Attributes:
        name: The key's name; "local" where no keys exist.
    """

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the caller has a scope; admin has all of them."""
        return scope in self.scopes or "admin" in self.scopes


LOCAL = Caller("local", frozenset(SCOPES))


class Keys:
    """The keys of one workspace, read again whenever the file has changed.

    Args:
        file: `keys.json`; need not exist.

    Raises:
        WorkspaceError: The file is damaged. Once it has been read, a damaged file leaves the last good keys in force.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._stamp = _stamp(file)
        self._keys = _read(file)
        self._callers = _callers(self._keys)

    def __len__(self) -> int:
        self._refresh()
        return len(self._keys)

    def list(self) -> "list[Key]":
        """All keys, oldest first."""
        self._refresh()
        return list(self._keys)

    def caller(self, token: str | None, *, open_without: bool) -> Caller | None:
        """Who asks.

        Args:
            token: The key that was given, if any.
            open_without: Whether everything is allowed to everybody while there are no keys.
        """
        self._refresh()
        if not self._keys:
            return LOCAL if open_without else None
        return None if token is None else self._holder(token)

    def find(self, token: str) -> Caller | None:
        """Whose key this is."""
        self._refresh()
        return self._holder(token)

    def _holder(self, token: str) -> Caller | None:
        """Compares with all keys, so that the time it takes depends on their number alone."""
        given = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        found = None
        for digest, caller in self._callers:
            if hmac.compare_digest(digest, given):
                found = caller
        return found

    def add(self, name: str, scopes: Iterable[str], now: datetime) -> str:
        """Make a key and return it: the only time that it can be seen.

        Raises:
            ConfigError: There is a key of that name, or a scope that does not exist.
        """
        kept = _read(self.file)
        if any(key.name == name for key in kept):
            raise ConfigError(f"There is a key {name!r} already. Remove it first: intentrec keys remove {name}")
        token = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        digest = hashlib.sha256(token.encode()).hexdigest()
        try:
            key = Key(name=name, scopes=tuple(dict.fromkeys(scopes)), sha256=digest, created_at=now)
        except ValidationError as error:
            fault = error.errors()[0]
            raise ConfigError(f"A key needs a name and scopes of {', '.join(SCOPES)}: {fault['msg']}.") from error
        self._write([*kept, key])
        return token

    def remove(self, name: str) -> None:
        """Forget a key; servers refuse it from their next request on.

        Raises:
            NotFoundError: There is none of that name.
        """
        kept = _read(self.file)
        if all(key.name != name for key in kept):
            known = ", ".join(key.name for key in kept) or "none"
            raise NotFoundError(f"There is no key {name!r}. Keys: {known}.")
        self._write([key for key in kept if key.name != name])

    def _write(self, keys: Iterable[Key]) -> None:
        write_atomic(self.file, _Stored(keys=[*keys]).model_dump_json(indent=2).encode())
        self.file.chmod(0o600)
        self._refresh()

    def _refresh(self) -> None:
        stamp = _stamp(self.file)
        if stamp == self._stamp:
            return
        try:
            self._keys = _read(self.file)
        except WorkspaceError:
            return
        self._stamp, self._callers = stamp, _callers(self._keys)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(file: Path) -> list[Key]:
    try:
        return _Stored.model_validate_json(file.read_bytes()).keys
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        raise WorkspaceError(f"{file} cannot be read ({error}). Restore it, or make new keys.") from error


def _callers(keys: list[Key]) -> list[tuple[str, Caller]]:
    return [(key.sha256, Caller(key.name, frozenset(key.scopes))) for key in keys]
