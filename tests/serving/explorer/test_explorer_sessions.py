"""A browser holds a session, never a key."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intentrec.errors import WorkspaceError
from intentrec.serving.explorer.sessions import LIFETIME, Sessions
from intentrec.serving.keys import Keys

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


@pytest.fixture
def sessions(keys: Keys, tmp_path: Path) -> Sessions:
    return Sessions(keys, tmp_path / "sessions.secret")


def test_a_session_has_the_scopes_of_its_key_and_not_the_key(sessions: Sessions, keys: Keys) -> None:
    token = keys.add("Анна.b", ["read", "label"], NOW)
    session = sessions.open(token, NOW)
    assert session is not None
    assert token not in session
    caller = sessions.find(session, NOW + LIFETIME - timedelta(seconds=1))
    assert caller is not None
    assert (caller.name, caller.scopes) == ("Анна.b", {"read", "label"})


def test_a_session_ends(sessions: Sessions, keys: Keys) -> None:
    session = sessions.open(keys.add("ann", ["read"], NOW), NOW)
    assert session is not None
    assert sessions.find(session, NOW + LIFETIME) is None


def test_a_session_dies_with_its_key(sessions: Sessions, keys: Keys) -> None:
    session = sessions.open(keys.add("ann", ["read"], NOW), NOW)
    assert session is not None
    keys.remove("ann")
    assert sessions.find(session, NOW) is None
    keys.add("ann", ["read", "admin"], NOW)
    assert sessions.find(session, NOW) is None


def test_what_is_no_key_opens_nothing(sessions: Sessions, keys: Keys) -> None:
    keys.add("ann", ["read"], NOW)
    assert sessions.open("ir_guessed", NOW) is None
    assert sessions.open("", NOW) is None


@pytest.mark.parametrize(
    "forged", ["", "v1", "v1.YW5u.9999999999.", "v1.YW5u.9999999999.AAAA", "v1.?.1.?", "a.b.c.d.e", "v1.YW5u.١.AAAA"]
)
def test_forged_sessions_are_nobodys(sessions: Sessions, keys: Keys, forged: str) -> None:
    keys.add("ann", ["read"], NOW)
    assert sessions.find(forged, NOW) is None


def test_no_part_can_be_changed(sessions: Sessions, keys: Keys) -> None:
    keys.add("root", ["admin"], NOW)
    session = sessions.open(keys.add("ann", ["read"], NOW), NOW)
    assert session is not None
    version, name, end, signature = session.split(".")
    for changed in ([version, "cm9vdA", end, signature], [version, name, str(int(end) + 1), signature]):
        assert sessions.find(".".join(changed), NOW) is None


def test_processes_share_one_secret(sessions: Sessions, keys: Keys, tmp_path: Path) -> None:
    session = sessions.open(keys.add("ann", ["read"], NOW), NOW)
    assert session is not None
    another = Sessions(Keys(keys.file), sessions.file)
    assert another.find(session, NOW) is not None
    assert sessions.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []


def test_a_secret_that_another_process_made_first_is_taken(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    made = b"s" * 32
    monkeypatch.setattr(Path, "exists", lambda path: False)
    sessions.file.write_bytes(made)
    assert sessions._secret == made


def test_a_damaged_secret_says_what_to_do(sessions: Sessions, keys: Keys) -> None:
    sessions.file.write_bytes(b"short")
    with pytest.raises(WorkspaceError, match="Delete it: people sign in again"):
        sessions.open(keys.add("ann", ["read"], NOW), NOW)
