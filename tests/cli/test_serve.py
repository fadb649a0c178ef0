"""`intentrec keys` and what `intentrec serve` says before it serves."""

import json

import pytest

from intentrec.errors import ConfigError, MissingExtra, NotFoundError
from intentrec.serving import server
from serving_shop import copied, released


@pytest.fixture(scope="module")
def released_shop(tmp_path_factory):
    return released(tmp_path_factory.mktemp("served") / "shop")


@pytest.fixture
def shop(released_shop, tmp_path):
    return copied(released_shop, tmp_path / "shop", "port = 0")


@pytest.fixture
def served(monkeypatch):
    """What would have been served."""
    found = []
    monkeypatch.setattr(server, "_run", found.append)
    return found


def test_keys_are_made_listed_and_removed(cli, workspace):
    code, out, _ = cli("-w", workspace.root, "keys", "add", "shop", "--scope", "read", "--scope", "write")
    assert code == 0
    token = out.strip()
    assert token.startswith("ir_")
    code, out, _ = cli("-w", workspace.root, "keys", "list", "--json")
    (row,) = json.loads(out)
    assert (row["name"], row["scopes"]) == ("shop", ["read", "write"])
    assert token not in (workspace.root / "keys.json").read_text()
    assert "shop" in cli("-w", workspace.root, "keys", "list")[1]
    assert cli("-w", workspace.root, "keys", "remove", "shop")[0] == 0
    assert json.loads(cli("-w", workspace.root, "keys", "list", "--json")[1]) == []


def test_a_key_reads_by_default_and_json_shows_it(cli, workspace):
    made = json.loads(cli("-w", workspace.root, "keys", "add", "shop", "--json")[1])
    assert made["scopes"] == ["read"]
    assert made["key"].startswith("ir_")


def test_a_scope_that_does_not_exist_is_a_setting_to_mend(cli, workspace):
    code, _, err = cli("-w", workspace.root, "keys", "add", "shop", "--scope", "rule")
    assert code == ConfigError.exit_code
    assert "read, write, erase, label, admin" in err


def test_serving_says_where_it_is_and_that_there_are_no_keys(cli, shop, served):
    code, out, _ = cli("-w", shop.root, "serve")
    assert code == 0
    url = f"http://127.0.0.1:{served[0].listening.port}"
    assert f"Serving r0001 at {url}, explorer at {url}/explorer" in out
    assert "to this machine alone" in out


def test_options_stand_above_settings(cli, shop, served):
    cli("-w", shop.root, "keys", "add", "shop")
    code, out, _ = cli("-w", shop.root, "serve", "--host", "0.0.0.0", "--port", "0", "--workers", "3")
    assert code == 0
    assert "1 keys" in out
    assert served[0].config.serving.workers == 3
    assert not served[0].listening.is_local


def test_the_world_is_not_answered_without_keys(cli, shop, served):
    code, _, err = cli("-w", shop.root, "serve", "--host", "0.0.0.0")
    assert code == ConfigError.exit_code
    assert "intentrec keys add" in err
    assert not served


def test_without_a_release_there_is_nothing_to_serve(cli, workspace, served):
    code, _, err = cli("-w", workspace.root, "serve", "--port", "0")
    assert code == NotFoundError.exit_code
    assert "intentrec run" in err


def test_the_bundle_is_made_where_it_is_missing(cli, shop, served):
    for file in (shop.root / "bundles").iterdir():
        file.rename(file.with_name(f"away-{file.name}"))
    assert cli("-w", shop.root, "serve")[0] == 0
    assert [each.name for each in (shop.root / "bundles").glob("r0001-*")]


def test_the_demo_is_opened_and_run_where_it_has_no_release(cli, shop, served, monkeypatch, tmp_path):
    from intentrec.config import load_config
    from intentrec.pipeline import daily, demo

    ran = []
    config = load_config(shop.config_file)
    opened = demo.DemoShop(shop, config, cut=None, users=frozenset(), ingested=None, notes=[])
    monkeypatch.setattr(demo, "open_demo", lambda folder, **_: opened)
    monkeypatch.setattr(daily, "run_day", lambda *given, **_: ran.append(given))
    assert cli("serve", "--demo", tmp_path / "demo")[0] == 0
    assert not ran
    monkeypatch.setattr(type(shop.releases), "current", lambda _: None)
    cli("serve", "--demo", tmp_path / "demo")
    assert len(ran) == 1


def test_a_missing_package_is_named_with_what_installs_it(cli, shop, monkeypatch):
    def missing(module, purpose):
        raise MissingExtra(f'The package {module!r} is needed for {purpose}. Run: pip install "intentrec[serve]"')

    monkeypatch.setattr("intentrec.cli.serve.require", missing)
    code, _, err = cli("-w", shop.root, "serve")
    assert code == MissingExtra.exit_code
    assert 'pip install "intentrec[serve]"' in err
