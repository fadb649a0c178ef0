"""Keys are kept as hashes, found in the time that all of them take, and noticed when their file changes."""

import hashlib
import hmac
import stat
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from intentrec.errors import ConfigError, NotFoundError, WorkspaceError
from intentrec.serving import keys as keys_module
from intentrec.serving.keys import LOCAL, SCOPES, Keys

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_key_is_seen_once_and_its_file_holds_only_the_hash(file):
    token = Keys(file).add("shop", ["read", "write"], NOW)
    text = file.read_text()
    assert token not in text
    assert hashlib.sha256(token.encode()).hexdigest() in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_caller_has_the_scopes_of_its_key_and_no_more(file):
    token = Keys(file).add("shop", ["read", "read"], NOW)
    caller = Keys(file).find(token)
    assert caller is not None
    assert caller.name == "shop"
    assert [scope for scope in SCOPES if caller.may(scope)] == ["read"]


def test_admin_may_do_everything(file):
    caller = Keys(file).find(Keys(file).add("root", ["admin"], NOW))
    assert caller is not None
    assert all(caller.may(scope) for scope in SCOPES)


@pytest.mark.parametrize("wrong", ["", "ir_", "x" * 10_000, "\udcff", "ключ", "a\0b"])
def test_what_is_no_key_is_nobody(file, wrong):
    keys = Keys(file)
    keys.add("shop", ["read"], NOW)
    assert keys.find(wrong) is None


def test_a_token_is_compared_with_every_key_in_constant_time(file, monkeypatch):
    keys = Keys(file)
    tokens = [keys.add(f"key{n}", ["read"], NOW) for n in range(4)]
    compared = []
    monkeypatch.setattr(keys_module.hmac, "compare_digest", lambda a, b: compared.append(a) or hmac_compare(a, b))
    for token in (tokens[0], tokens[3], "none"):
        compared.clear()
        keys.find(token)
        assert len(compared) == 4


hmac_compare = hmac.compare_digest


def test_a_running_server_notices_keys_that_come_and_go(file):
    serving, console = Keys(file), Keys(file)
    assert len(serving) == 0
    token = console.add("shop", ["read"], NOW)
    assert serving.find(token) is not None
    assert [key.name for key in serving.list()] == ["shop"]
    console.remove("shop")
    assert serving.find(token) is None


def test_without_keys_everything_is_allowed_only_where_it_is_said(file):
    keys = Keys(file)
    assert keys.caller(None, open_without=True) is LOCAL
    assert keys.caller("anything", open_without=True) is LOCAL
    assert keys.caller(None, open_without=False) is None
    keys.add("shop", ["read"], NOW)
    assert keys.caller(None, open_without=True) is None


def test_names_are_unique_and_scopes_are_known(file):
    keys = Keys(file)
    keys.add("shop", ["read"], NOW)
    with pytest.raises(ConfigError, match="'shop' already"):
        keys.add("shop", ["read"], NOW)
    with pytest.raises(ConfigError, match="scopes of read, write"):
        keys.add("other", ["rule"], NOW)
    with pytest.raises(ConfigError, match="needs a name"):
        keys.add("", ["read"], NOW)
    with pytest.raises(NotFoundError, match="Keys: shop"):
        keys.remove("other")


def test_a_damaged_file_stops_a_start_and_leaves_a_running_server_its_keys(file):
    keys = Keys(file)
    token = keys.add("shop", ["read"], NOW)
    file.write_text("{")
    assert keys.find(token) is not None
    with pytest.raises(WorkspaceError, match="cannot be read"):
        Keys(file)
    with pytest.raises(WorkspaceError, match="cannot be read"):
        keys.add("more", ["read"], NOW)


def test_a_file_with_unknown_members_is_refused_rather_than_half_understood(file):
    Keys(file).add("shop", ["read"], NOW)
    stored = orjson.loads(file.read_bytes())
    stored["keys"][0]["expires"] = "never"
    file.write_bytes(orjson.dumps(stored))
    with pytest.raises(WorkspaceError):
        Keys(file)
