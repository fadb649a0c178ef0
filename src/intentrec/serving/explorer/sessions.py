"""What a browser holds instead of a key: a signed token that names the key, and that dies with it.

    v1 . name of the key . end, in seconds since 1970 . signature          each part in URL-safe base64 or digits

The signature is over all of that and the hash of the key, so that a key which is removed, or made anew under the same
name, ends its sessions. Nothing is stored for a session; every worker process reads the same secret.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from intentrec.errors import WorkspaceError
from intentrec.serving.keys import Caller, Key, Keys
from intentrec.workspace.files import disk_errors

if TYPE_CHECKING:
    from intentrec.serving.holder import Holder

COOKIE = "intentrec_session"
LIFETIME = timedelta(hours=12)
SECRET_FILE = "sessions.secret"
_SECRET_BYTES = 32
_LONGEST = 2000


@dataclass(frozen=True)
class Sessions:
    """Sessions of one workspace.

    Attributes:
        file: Holds the secret of the signatures; made when the first session is. Without it all sessions end.
    """

    keys: Keys
    file: Path

    @classmethod
    def of(cls, holder: "Holder") -> Self:
        """Those of what is served."""
        return cls(holder.keys, holder.workspace.root / SECRET_FILE)

    def open(self, token: str, now: datetime) -> str | None:
        """A session for whoever holds a key; None for no key of ours.

        Args:
            token: The key.
            now: Counted from here, `LIFETIME` long.
        """
        caller = self.keys.find(token)
        key = None if caller is None else self._key(caller.name)
        if key is None:
            return None
        body = f"v1.{_packed(key.name.encode())}.{int((now + LIFETIME).timestamp())}"
        return f"{body}.{_packed(self._signature(body, key))}"

    def find(self, session: str, now: datetime) -> Caller | None:
        """Whose session it is; None where it is not ours, has ended, or its key is gone."""
        body, _, signature = session[:_LONGEST].rpartition(".")
        parts = body.split(".")
        if len(parts) != 3 or parts[0] != "v1" or not parts[2].isdecimal():
            return None
        name, given = _unpacked(parts[1]), _unpacked(signature)
        key = None if name is None else self._key(name.decode("utf-8", "replace"))
        if key is None or given is None or not hmac.compare_digest(given, self._signature(body, key)):
            return None
        return Caller(key.name, frozenset(key.scopes)) if now.timestamp() < int(parts[2]) else None

    def in_cookies(self, cookies: str, now: datetime) -> Caller | None:
        """Whose session stands in a `Cookie` header; None where none of ours does."""
        pairs = (pair.strip().partition("=") for pair in cookies.split(";"))
        sessions = (value for name, _, value in pairs if name == COOKIE)
        return next((caller for session in sessions if (caller := self.find(session, now))), None)

    def _key(self, name: str) -> Key | None:
        return next((key for key in self.keys.list() if key.name == name), None)

    def _signature(self, body: str, key: Key) -> bytes:
        return hmac.digest(self._secret, f"{body}.{key.sha256}".encode(), hashlib.sha256)

    @cached_property
    def _secret(self) -> bytes:
        """Read, or made; where two processes make it at once, both take the one that came first."""
        if not self.file.exists():
            _make(self.file)
        with disk_errors(self.file):
            secret = self.file.read_bytes()
        if len(secret) != _SECRET_BYTES:
            raise WorkspaceError(f"{self.file} is damaged. Delete it: people sign in again, nothing else is lost.")
        return secret


def _make(file: Path) -> None:
    mine = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    with disk_errors(file):
        mine.touch(mode=0o600)
        try:
            mine.write_bytes(secrets.token_bytes(_SECRET_BYTES))
            os.link(mine, file)  # unlike a rename, it never replaces what another process has made
        except FileExistsError:
            return
        finally:
            mine.unlink(missing_ok=True)


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unpacked(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
