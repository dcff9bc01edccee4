"""An evaluation as files: a page to read, a table to compute with, and every question with every answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

from kg.errors import QuestionError, disk_errors
from kg.graph import Graph
from kg.link import labels
from kg.types import format_relation_path
from kg.visible import cell, json_text
from kg.write import written_beside
from rog.evaluation.metrics import Scores
from rog.evaluation.page import page
from rog.evaluation.results import Arm, Record, Report
from rog.evaluation.stats import Interval
from rog.show import path_json, path_label

FILES = ("index.html", "results.csv", "questions.jsonl")
COLUMNS = (
    "system", "topics", "names", "stratum", "measure", "mean", "low", "high", "least_seed", "most_seed", "seeds",
    "questions",
)  # fmt: skip


def check_free(out: Path, force: bool) -> None:
    """QuestionError if a report must not be written to `out`: something is there, or more than a report."""
    if not out.exists():
        return
    if not out.is_dir() or any(entry.name not in FILES for entry in out.iterdir()):
        raise QuestionError(f"{out} exists and is not just a report: it will not be replaced; choose another --out")
    if not force and any(out.iterdir()):
        raise QuestionError(f"{out} holds a report already; choose another --out, or --force to replace it")


def write_report(report: Report, graph: Graph, out: Path, force: bool = False) -> None:
    """Write the report's folder, whole or not at all."""
    check_free(out, force)
    with disk_errors(out), written_beside(out) as folder:
        (folder / "index.html").write_text(page(report, graph), "utf-8")
        (folder / "results.csv").write_text(table_text(report), "utf-8", newline="")
        with (folder / "questions.jsonl").open("w", encoding="utf-8") as stream:
            for record in report.records:
                stream.write(json_text(record_json(record, graph)) + "\n")


def table_text(report: Report) -> str:
    """All means as CSV, one a line; empty where a measure does not apply. No text in it is a formula."""
    import pandas as pd  # type: ignore[import-untyped]

    table = pd.DataFrame(figures(report), columns=list(COLUMNS)).astype({"seeds": "Int64", "questions": "Int64"})
    return str(table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))


def figures(report: Report) -> Iterator[dict[str, Any]]:
    """The rows of the table: measures and costs of every arm, then what they are in each stratum."""
    for summary in report.summaries:
        arm = {**arm_columns(summary.arm), "seeds": summary.seeds}
        for name, (interval, least, most, questions) in zip(Scores._fields, summary.measures, strict=True):
            spread = {"least_seed": least, "most_seed": most, "questions": questions}
            yield {**arm, "measure": name, **interval._asdict(), **spread}
        for name, value in summary.cost._asdict().items():
            yield {**arm, "measure": f"ms_{name}" if name.startswith("p") else name, "mean": value}
    for stratum in report.strata:
        group = {"stratum": cell(f"{stratum.kind}: {stratum.name}"), "questions": stratum.questions}
        for name, interval in (("f1", stratum.f1), ("hits_at_1", stratum.hits_at_1)):
            yield {**arm_columns(stratum.arm), **group, "measure": name, **interval._asdict()}


def arm_columns(arm: Arm) -> dict[str, str]:
    """The columns that say whose figure it is."""
    return {"system": cell(arm.system), "topics": arm.topics, "names": "anonymous" if arm.anonymous else "as they are"}


def record_json(record: Record, graph: Graph) -> dict[str, Any]:
    """A record as JSON types: labels for people, keys for programs."""
    return {
        "id": record.row.id,
        "system": record.arm.system,
        "seed": record.seed,
        "topic_setting": record.arm.topics,
        "anonymous": record.arm.anonymous,
        "question": record.row.question,
        "topics": list(record.topics),
        "gold_topics": list(record.row.topics),
        "gold": labels(record.row.answers, graph),
        "predicted": labels(record.answers, graph),
        "gold_keys": list(record.row.answers),
        "predicted_keys": list(record.answers),
        "predicted_total": record.total,
        "text": record.text,
        "verdict": "not proven" if record.scores.proven == 0 else record.verdict,
        "plan": [[format_relation_path(path.relations), round(path.probability, 6)] for path in record.plan],
        "path": path_json(record.support[0]) if record.support else [],
        "path_text": path_label(record.support[0], graph) if record.support else "",
        "scores": {name: known(value) for name, value in record.scores._asdict().items()},
        "ms": round(record.ms, 3),
        "lm_forwards": record.forwards,
        "lm_tokens": record.tokens,
    }


def known(value: float) -> float | None:
    """A number with six digits, or None for NaN, which JSON does not have."""
    return None if isnan(value) else round(value, 6)


def interval_json(interval: Interval) -> list[float | None]:
    """Mean, low, high."""
    return [known(value) for value in interval]


def report_json(report: Report) -> dict[str, Any]:
    """The figures of a report as JSON types, without the questions."""
    return {
        "graph": report.graph,
        "answerable": report.answerable,
        "unanswerable": report.unanswerable,
        "options": asdict(report.options),
        "machine": report.machine,
        "seconds": round(report.seconds, 2),
        "notes": list(report.notes),
        "systems": list(summaries_json(report)),
        "comparisons": [
            {
                "first": comparison.first._asdict(),
                "second": comparison.second._asdict(),
                "f1": interval_json(comparison.f1.interval),
                "f1_p": comparison.f1.p,
                "f1_p_holm": comparison.f1_holm,
                "hits_at_1": interval_json(comparison.hits_at_1.interval),
                "hits_at_1_p": comparison.hits_at_1.p,
                "mcnemar_p": comparison.mcnemar,
                "mcnemar_p_holm": comparison.mcnemar_holm,
                "family": comparison.family,
            }
            for comparison in report.comparisons
        ],
        "strata": [
            {
                **stratum.arm._asdict(),
                "kind": stratum.kind,
                "name": stratum.name,
                "questions": stratum.questions,
                "f1": interval_json(stratum.f1),
                "hits_at_1": interval_json(stratum.hits_at_1),
            }
            for stratum in report.strata
        ],
    }


def summaries_json(report: Report) -> Iterator[dict[str, Any]]:
    """The means of every arm as JSON types."""
    for summary in report.summaries:
        measures = {
            name: {
                "mean": known(measure.interval.mean),
                "interval": interval_json(measure.interval)[1:],
                "seeds": [known(measure.least), known(measure.most)],
                "questions": measure.questions,
            }
            for name, measure in zip(Scores._fields, summary.measures, strict=True)
        }
        cost = {name: round(value, 3) for name, value in summary.cost._asdict().items()}
        yield {**summary.arm._asdict(), "seeds": summary.seeds, **measures, "cost": cost}
