"""Metrics: every event has one, every name that a document, an alert or a dashboard uses is there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import log_page
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, Fault, Reason
from bouncesink.observe import log, metrics
from bouncesink.observe.metrics import HISTOGRAMS, READINGS, TALLIED, Exposition, counter_of, events
from bouncesink.observe.tally import LABELS, VERDICT_LABELS, Tally

ROOT = Path(__file__).resolve().parents[2]
WATCHING = ROOT / "docs" / "howto" / "watching"
TEXT_FORMAT = "text/plain; version=0.0.4"
NAME = re.compile(r"\b((?:bouncesink|process|python)_[a-z_]+)(?:\{([^}]*)\})?")
OF_PROMETHEUS = {"instance", "job", "le"}


def readings(**said: object):
    def of(name: str, labels: tuple[str, ...]):
        return lambda: said.get(name, {} if labels else 1)

    return {name: of(name, described.labels) for name, described in READINGS.items()}


def families(tally: Tally, **said: object) -> dict:
    body, content_type = Exposition(lambda: tally, readings(**said)).render(TEXT_FORMAT)
    assert content_type.startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(body.decode())}


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """Every sample's name that a server can show, and its labels."""
    found = {f"{counter_of(event)}_total": set(LABELS.get(event, ())) for event in [*events(), "library"]}
    for name, described in (*TALLIED.items(), *READINGS.items()):
        found[f"bouncesink_{name}{'_total' if described.counter else ''}"] = set(described.labels)
    for name, _ in HISTOGRAMS.values():
        found |= {f"bouncesink_{name}_{part}": {"le"} if part == "bucket" else set() for part in ("bucket", "sum", "count")}
    shown = families(Tally(), **{name: {("",) * len(each.labels): 1} for name, each in READINGS.items() if each.labels})
    for family in shown.values():
        for sample in family.samples:
            found.setdefault(sample.name, set(sample.labels))
            assert set(sample.labels) == found[sample.name], sample.name
    return found


def expressions() -> list[tuple[str, str]]:
    """Every query of the dashboard and of the alerts, with where it stands."""
    board = json.loads((WATCHING / "dashboard.json").read_text("utf-8"))
    found = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", ())]
    found += [("dashboard", each["definition"]) for each in board["templating"]["list"] if "definition" in each]
    found += [("dashboard", each["expr"]) for each in board["annotations"]["list"]]
    text = (WATCHING / "alerts.yml").read_text("utf-8")
    found += re.findall(r"- alert: (\w+)\n +expr: (?:>\n)?(.*?)\n +(?:for|labels):", text, re.DOTALL)
    assert len(found) > 40
    return found


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_what_dashboard_and_alerts_ask_for_is_shown(where, expression, known):
    assert expression.count("(") == expression.count(")")
    asked = NAME.findall(expression)
    assert asked or "up{" in expression, f"{where} asks for nothing of ours"
    for name, matchers in asked:
        assert name in known, f"{where}: no server shows {name}"
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers):
            assert label in known[name] | OF_PROMETHEUS, f"{where}: {name} has no label {label}"
    labels = {label for name, _ in asked for label in known[name]} | OF_PROMETHEUS
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(re.split(r",\s*", grouped)) <= labels, f"{where}: {grouped}"


def test_words_that_they_select_by_are_words_of_ours():
    words = {"kind": set(Kind), "reason": set(Reason), "fault": set(Fault), "disposition": set(Disposition)}
    words |= {"file": {"db", "wal"}, "standing": {"ok", "suppressed"}, "job": {"bouncesink"}}
    checked = 0
    for where, expression in expressions():
        for label, value in re.findall(r"(\w+)(?:=~|!=|=)\"([^\"]*)\"", expression):
            if label != "instance":
                assert set(value.split("|")) <= words[label], f"{where}: {label}={value}"
                checked += 1
    assert checked > 10


def test_every_alert_and_name_in_the_documents_is_there(known):
    for page in ("docs/howto/watch-it.md", "docs/howto/watching/alerts.yml", "docs/reference/metrics.md"):
        for name in re.findall(r"\bbouncesink_[a-z_]+\b", (ROOT / page).read_text("utf-8")):
            assert name in known or f"{name}_bucket" in known, f"{page}: {name}"


def test_the_reference_names_every_metric(known):
    page = (ROOT / "docs/reference/metrics.md").read_text("utf-8")
    for name in known:
        if name.startswith("bouncesink_"):
            assert f"`{re.sub('_(bucket|sum|count)$', '', name)}`" in page, name


def test_promtool_agrees():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt install prometheus)")
    for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        outcome = subprocess.run([promtool, *arguments], cwd=WATCHING, capture_output=True, text=True, check=False, timeout=90)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_promtool_takes_the_exposition():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt install prometheus)")
    tally = Tally()
    tally.event("mail.refused", {"via": "smtp", "reply": '550 5.1.1 "no"\nsuch\\address'})
    body, _ = Exposition(lambda: tally, readings(ready={("database",): 0})).render("")
    outcome = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, check=False, timeout=60)
    ours = [line for line in outcome.stderr.decode().splitlines() if line.startswith("bouncesink_")]
    assert not [line for line in ours if "non-histogram and non-summary metrics should not have" not in line], ours


def test_every_event_is_a_counter_of_its_own_name(monkeypatch, capfd):
    """The samples of the reference are every event there is: each, called, must raise the counter that carries its name."""
    for event, arguments in log_page.samples().items():
        tally = Tally()
        monkeypatch.setattr("bouncesink.observe.stream.TALLY", tally)
        line = log_page.line_of(event, dict(arguments))
        name = event.__name__.replace("_", ".", 1)
        assert line["event"] == name, "the function of an event has its name: the help of the metric is found by it"
        assert name in events()
        ((labels, count),) = tally.counted()[name].items()
        shown = families(tally)[counter_of(name)]
        assert [(sample.value, sample.labels) for sample in shown.samples] == [
            (1, dict(zip(LABELS.get(name, ()), labels, strict=True)))
        ]
        assert count == 1
    log._Current.logger = None


def test_the_labels_are_facts_that_the_lines_have():
    lines = {
        line["event"]: line for line in (log_page.line_of(event, dict(given)) for event, given in log_page.samples().items())
    }
    log._Current.logger = None
    for event, labels in LABELS.items():
        if event != "library":
            assert set(labels) <= set(lines[event]), event


def test_a_histogram_is_cumulative():
    tally = Tally()
    for seconds in (0.0005, 0.002, 0.002, 99):
        tally.mail_seconds.observe(seconds)
    samples = {
        (sample.name, sample.labels.get("le")): sample.value for sample in families(tally)["bouncesink_mail_seconds"].samples
    }
    assert samples["bouncesink_mail_seconds_bucket", "0.001"] == 1
    assert samples["bouncesink_mail_seconds_bucket", "0.0025"] == 3
    assert samples["bouncesink_mail_seconds_bucket", "10.0"] == 3
    assert samples["bouncesink_mail_seconds_bucket", "+Inf"] == samples["bouncesink_mail_seconds_count", None] == 4
    assert samples["bouncesink_mail_seconds_sum", None] == pytest.approx(99.0045)


def test_a_reading_that_fails_hides_no_other(capfd):
    given = readings(queue_mails=7, silence_seconds=None)
    given["disk_free_bytes"] = lambda: 1 / 0
    body = Exposition(Tally, given).render(TEXT_FORMAT)[0].decode()
    shown = {family.name: family for family in text_string_to_metric_families(body)}
    assert shown["bouncesink_queue_mails"].samples[0].value == 7
    assert not {"bouncesink_disk_free_bytes", "bouncesink_silence_seconds"} & shown.keys()
    log._logger().flush()
    assert "ZeroDivisionError" in capfd.readouterr().err
    log._Current.logger = None


def test_a_reading_that_is_missing_is_no_exposition():
    given = readings()
    del given["queue_mails"]
    with pytest.raises(AssertionError, match="queue_mails"):
        Exposition(Tally, given)


def test_verdicts_have_their_labels():
    assert set(VERDICT_LABELS) == set(TALLIED["verdicts_recorded"].labels)
    assert all(described.help.endswith(".") for described in (*TALLIED.values(), *READINGS.values()))
    assert all(len(text) > 10 for text in metrics.events().values())
