"""The report: a page that is whole, says nothing unescaped, and replaces nothing but a report."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kg.build import Sources, build
from kg.errors import QuestionError
from kg.store import Store
from planner.data.rows import Row
from rog.evaluation.arms import parse_system
from rog.evaluation.evaluate import evaluate
from rog.evaluation.page import page
from rog.evaluation.plots import Bar, Group, bar_chart
from rog.evaluation.report import FILES, write_report
from rog.evaluation.results import Options, Report
from rog.evaluation.stats import Interval

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "path", "rect", "line"}


class Balance(HTMLParser):
    """Tags that are open, and all that were met."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.met: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("evil")
    (folder / "facts.tsv").write_text("film\tdirected_by\tman\nfilm\tr<b>\tother\n")
    (folder / "names.tsv").write_text(f"key\tlabel\tType\nfilm\tHeat\tfilm\nman\t{EVIL}\tperson\nother\t&amp;\tx\n")
    build(Sources((folder / "facts.tsv",), (folder / "names.tsv",)), folder / "evil.kg")
    return Store(folder / "evil.kg")


@pytest.fixture(scope="module")
def report(evil: Store) -> Report:
    rows = [
        Row("1", f"Who directed Heat {EVIL}?", ("man",), ("film",), "Heat", (("directed_by",),)),
        Row("2", f"{EVIL} Heat", ("other", EVIL), ("film",), "Heat", (("r<b>",), ("directed_by", "~directed_by"))),
        Row("3", "Who paid for Heat?", ()),
    ]
    systems = [parse_system(text) for text in ("lexical", "<i>x</i>=random", "random@1", "random@2", "oracle-plan")]
    return evaluate(systems, rows, evil, Options(anonymise=True), trained=[("directed_by",)])


def test_the_page_is_whole_and_escaped(report: Report, evil: Store) -> None:
    html = page(report, evil)
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    assert "script" not in balance.met
    assert "i" not in balance.met
    assert "&lt;script&gt;" in html
    assert "http" not in html.replace("http-equiv", "")
    assert {"svg", "table", "caption", "main", "title"} <= set(balance.met)
    assert html.count("<svg") == html.count('role="img"')
    for part in (
        "Scores",
        "Right, wrong, refused",
        "Linking and fit",
        "Differences",
        "Kinds of questions",
        "How to read this",
        "goes wrong",
    ):
        assert part in html


def test_files_of_a_report(report: Report, evil: Store, tmp_path: Path) -> None:
    write_report(report, evil, tmp_path / "report")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report"]
    assert {path.name for path in (tmp_path / "report").iterdir()} == set(FILES)
    lines = [json.loads(line) for line in (tmp_path / "report/questions.jsonl").read_text().splitlines()]
    assert len(lines) == len(report.records)
    oracle = next(line for line in lines if line["system"] == "oracle-plan")
    assert oracle["predicted"] == oracle["gold"] == [EVIL]
    assert oracle["plan"] == [["directed_by", 1.0]]
    assert oracle["path"] == [["film", "directed_by", "man"]]
    assert oracle["scores"]["right_refusal"] is None
    assert (oracle["gold_topics"], oracle["scores"]["right"], oracle["scores"]["fit"]) == (["film"], 1.0, 1.0)
    assert {"wrong_shown", "refused", "link_1", "link_5"} <= set(oracle["scores"])
    with (tmp_path / "report/results.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    f1 = [r for r in rows if (r["system"], r["topics"], r["measure"]) == ("oracle-plan", "gold", "f1")]
    assert f1[0]["questions"] == "2"
    assert float(f1[0]["low"]) <= float(f1[0]["mean"]) <= float(f1[0]["high"])
    assert {row["measure"] for row in rows} >= {"right", "partly", "wrong_shown", "wrong_of_shown", "link_5", "fit"}
    linking = next(row for row in rows if (row["measure"], row["topics"]) == ("link_1", "gold"))
    assert (linking["mean"], linking["questions"]) == ("", "0"), "no link is made where topics are given"


def test_nothing_but_a_report_is_replaced(report: Report, evil: Store, tmp_path: Path) -> None:
    out = tmp_path / "report"
    write_report(report, evil, out)
    with pytest.raises(QuestionError, match="holds a report already"):
        write_report(report, evil, out)
    write_report(report, evil, out, force=True)
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(QuestionError, match="not just a report"):
        write_report(report, evil, out, force=True)
    assert (out / "thesis.txt").read_text() == "years of work"


def test_a_report_that_fails_leaves_what_was_there(
    report: Report, evil: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report"
    write_report(report, evil, out)
    before = (out / "index.html").read_text()

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("rog.evaluation.report.table_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(report, evil, out, force=True)
    assert (out / "index.html").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_bars_are_to_scale() -> None:
    chart = bar_chart("F1", [Group("<b>", (Bar("a & b", Interval(0.5, 0.25, 0.75), 0.4, 0.6, 7),)), Group("none", ())])
    svg = ElementTree.fromstring(chart)
    axis = [float(line.attrib["x1"]) for line in svg.iter("line")]
    bar = next(svg.iter("rect"))
    assert float(bar.attrib["x"]) + float(bar.attrib["width"]) == pytest.approx(axis[2], abs=0.1)
    assert "0.500 [0.250, 0.750]" in svg.attrib["aria-label"]
    assert bar_chart("F1", [Group("none", ())]) == ""
