"""The files of deploy/ are well-formed, agree with the code, and give away nothing. No engine runs here."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import promql_parser
import pytest
import yaml
from compose_spec import PyCompose

from intentrec.serving.operations.instruments import INSTRUMENTS

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
RULES = "{extends: default, rules: {line-length: {max: 120}, document-start: disable}}"
UNITS = sorted((DEPLOY / "systemd").iterdir())
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/intentrec.json").read_text("utf-8"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
ALERTS = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text("utf-8"))

EXPRESSIONS = [
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])),
    *(each["expr"] for each in DASHBOARD["annotations"]["list"]),
    *(rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]),
]
SHOWN = {
    name
    for each in INSTRUMENTS
    for name in (
        [each.name] if each.kind != "histogram" else [each.name + end for end in ("_bucket", "_sum", "_count")]
    )
}


def output(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_yaml_is_clean():
    files = [*DEPLOY.rglob("*.yml"), *DEPLOY.rglob("*.yaml")]
    assert len(files) == 5
    assert output(BIN / "yamllint", "--strict", "--config-data", RULES, *files) == ""


def test_the_dockerfile_is_clean():
    assert output(BIN / "hadolint", "--failure-threshold", "info", DEPLOY / "Dockerfile") == ""


def test_the_image_runs_as_nobody_special_and_says_how_it_is():
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    last = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER 10001" in last
    assert any(line.startswith("HEALTHCHECK") for line in last)
    assert "ADD" not in {line.split(" ")[0] for line in lines}
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", "\n".join(lines), flags=re.MULTILINE):
        assert all((ROOT / name).exists() for name in source.split())


def test_the_compose_file_follows_the_specification():
    PyCompose.from_yaml((DEPLOY / "compose.yaml").read_text("utf-8")).validate()


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker client")
def test_the_docker_client_reads_the_compose_file(tmp_path):
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("the docker client has no compose plugin")
    output("docker", "compose", "--file", DEPLOY / "compose.yaml", "config", "--quiet")


def test_ports_are_open_to_this_host_alone_and_nobody_has_more_rights_than_they_need():
    for name, service in COMPOSE["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        image = service["image"]
        assert ":" in image or image == "intentrec", "a tag, so that an update is a decision"


def test_paths_in_the_compose_file_exist():
    for service in COMPOSE["services"].values():
        for source in (volume.split(":")[0] for volume in service.get("volumes", [])):
            made_by_the_user = source in ("./shop", *COMPOSE["volumes"])
            assert made_by_the_user or (DEPLOY / source).exists(), source


def test_there_are_no_secrets():
    telling = re.compile(r"(password|token|secret|key)\s*[:=]\s*['\"]?[A-Za-z0-9+/]{8,}", re.IGNORECASE)
    for file in DEPLOY.rglob("*"):
        assert not file.is_file() or not telling.search(file.read_text("utf-8")), file


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_can_be_read_and_name_metrics_that_exist(expression):
    promql_parser.parse(expression.replace("$__rate_interval", "1m").replace("$route", ".*"))
    named = set(re.findall(r"\bintentrec_\w+", expression))
    assert named <= SHOWN
    assert named or "up{" in expression


def test_every_metric_is_on_the_dashboard():
    text = "\n".join(EXPRESSIONS)
    assert [each.name for each in INSTRUMENTS if each.name not in text] == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool")
def test_prometheus_reads_its_files():
    folder = DEPLOY / "prometheus"
    output("promtool", "check", "rules", folder / "alerts.yml")
    output("promtool", "check", "config", "--syntax-only", folder / "prometheus.yml")


def test_the_dashboard_is_whole():
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    (provider,) = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/intentrec.yml").read_text())["providers"]
    mounts = COMPOSE["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in mounts
    cells = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        mine = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & mine
        assert at["x"] + at["w"] <= 24
        cells |= mine


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_units_are_sound_and_confined(tmp_path):
    for unit in UNITS:
        # The path of an installation is not that of a test.
        text = unit.read_text("utf-8").replace("/opt/intentrec/bin/intentrec", shutil.which("true"))
        (tmp_path / unit.name).write_text(text)
    units = [tmp_path / unit.name for unit in UNITS]
    assert len(units) == 3
    assert output("systemd-analyze", "verify", "--man=no", *units) == ""
    for unit in units:
        if unit.suffix == ".service":
            output("systemd-analyze", "security", "--offline=true", "--threshold=25", unit)


def test_units_and_image_call_commands_that_exist():
    import typer.main

    from intentrec.cli import app

    commands = set(typer.main.get_command(app).commands)
    for unit in UNITS:
        for command in re.findall(r"^ExecStart=\S+ --workspace \S+ (\S+)", unit.read_text("utf-8"), re.MULTILINE):
            assert command in commands
    (started,) = re.findall(r'^CMD \["(\w+)"', (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert started in commands
