"""An evaluation as one page of HTML: no script, no network, everything that comes from data escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan

from kg.graph import Graph
from kg.link import labels
from kg.visible import html
from planner.space import AUTO, HOPS, MORE_HOPS
from rog.evaluation.html import (
    LEVEL,
    Cell,
    difference_cell,
    interval_cell,
    measure_cell,
    p_cell,
    p_value,
    percent,
    section,
    signed,
    table,
)
from rog.evaluation.metrics import MEANINGS, TITLES
from rog.evaluation.plots import Bar, Group, bar_chart
from rog.evaluation.results import Comparison, Options, Record, Report, Stratum, Summary
from rog.show import plan_label
from rog.style import CSS

MAIN = ("hits_at_1", "f1", "exact", "hit", "right_refusal", "wrong_refusal")
OUTCOMES = ("right", "partly", "wrong_shown", "refused", "wrong_of_shown", "false_grounded")
READING = ("link_1", "link_5", "fit")
REST = ("precision", "recall", "legacy_f1", "executable", "proven")
MEASURED = "Mean over questions, with its 95 % interval below; of several seeds also the range."
SHARES = (
    "What becomes of a question: shares of all questions, answerable or not; the last two of those that they are of."
)
READ = "Gold topics that the linker finds, and how probable a system thinks it that its plan says what is asked."
EXAMPLES = 12  # wrong answers shown
LISTED = 4  # names shown of a list of answers


def page(report: Report, graph: Graph) -> str:
    """The page."""
    parts = (
        f"<h1>{html(report.title)}</h1>",
        f'<p class="soft">{html(subtitle(report))}</p>',
        f'<ul class="lead">{"".join(f"<li>{line}</li>" for line in findings(report))}</ul>',
        *charts(report),
        section("Scores", measure_table(report, MAIN, MEASURED)),
        section("Right, wrong, refused", measure_table(report, OUTCOMES, SHARES)),
        section("Linking and fit", measure_table(report, READING, READ)),
        section("Differences", comparison_table(report.comparisons)) if report.comparisons else "",
        *strata(report),
        section("Proof, cost and the rest", rest_table(report)),
        *examples(report, graph),
        section("How to read this", method(report)),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html(report.title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def subtitle(report: Report) -> str:
    """What was asked, where, and how long it took."""
    asked = f"{report.answerable:,} questions with answers"
    if report.unanswerable:
        asked += f" and {report.unanswerable:,} that the graph cannot answer"
    return f"{asked} · {report.seconds:.0f} s · {report.machine}"


def findings(report: Report) -> Iterator[str]:
    """What a reader wants to know first: how good the first system is, and what others make of it."""
    first = report.summaries[0]
    hits, f1 = first.measure("hits_at_1"), first.measure("f1")
    if hits.questions:
        yield (
            f"<b>{html(first.arm.system)}</b> ({html(first.arm.setting)}): the first answer is right for "
            f"{percent(hits.interval)} of the questions, F1 {f1.interval.mean:.3f}."
        )
    for comparison in report.comparisons:
        if comparison.first == first.arm:
            yield finding(comparison)


def finding(comparison: Comparison) -> str:
    """One comparison as a sentence."""
    first, second = comparison.first, comparison.second
    name, other = f"<b>{html(second.system)}</b>", first.system
    if first.anonymous != second.anonymous:
        name, other = f"{name} without entity names", "with them"
    elif first.system == second.system:
        name, other = f"{name} with {second.topics} topics", f"with {first.topics} ones"
    mean, low, high = comparison.f1.interval
    if low == high == 0:
        return f"{name}: the same F1 as {html(other)} on every question."
    amount = f"F1 {signed(mean)} [{signed(low)}, {signed(high)}], p {p_value(comparison.f1_holm)}"
    if comparison.f1_holm >= LEVEL:
        return f"{name} is neither better nor worse than {html(other)}, as far as can be told ({amount})."
    word = '<span class="good">better</span>' if mean > 0 else '<span class="bad">worse</span>'
    return f"{name} is {word} than {html(other)} ({amount})."


def charts(report: Report) -> Iterator[str]:
    """Hits@1 and F1 of every arm."""
    colours = {name: n for n, name in enumerate(dict.fromkeys(summary.arm.system for summary in report.summaries))}
    for name in ("f1", "hits_at_1"):
        groups = [
            Group(setting if len(settings(report)) > 1 else "", tuple(bars(report, setting, name, colours)))
            for setting in settings(report)
        ]
        chart = bar_chart(f"{TITLES[name]} of each system", groups)
        if chart:
            yield f"<h2>{TITLES[name]}</h2>\n{chart}"


def bars(report: Report, setting: str, name: str, colours: dict[str, int]) -> Iterator[Bar]:
    """The bars of one setting."""
    for summary in report.summaries:
        if summary.arm.setting == setting:
            interval, least, most, _ = summary.measure(name)
            yield Bar(summary.arm.system, interval, least, most, colours[summary.arm.system])


def settings(report: Report) -> list[str]:
    """The settings in words, in order."""
    return list(dict.fromkeys(summary.arm.setting for summary in report.summaries))


def measure_table(report: Report, measures: Sequence[str], caption: str) -> str:
    """Some measures of every system, by setting; those that apply to nothing are left out."""
    shown = [name for name in measures if any(s.measure(name).questions for s in report.summaries)]
    head = ["System", *(TITLES[name] for name in shown)]
    rows: list[list[Cell]] = []
    for setting in settings(report):
        summaries = [summary for summary in report.summaries if summary.arm.setting == setting]
        rows.append([Cell(setting, kind="group")])
        for summary in summaries:
            rows.append([system_cell(summary), *(measure_cell(summary.measure(name)) for name in shown)])
    return table(caption, head, rows)


def rest_table(report: Report) -> str:
    """The other measures, and what a question costs."""
    shown = [name for name in REST if any(s.measure(name).questions for s in report.summaries)]
    head = ["System", *(TITLES[name] for name in shown), "ms, median", "ms, 95th percentile"]
    head += ["LM passes", "LM tokens"]
    rows: list[list[Cell]] = []
    for setting in settings(report):
        rows.append([Cell(setting, kind="group")])
        for summary in (s for s in report.summaries if s.arm.setting == setting):
            cost = summary.cost
            figures = (f"{cost.p50:,.1f}", f"{cost.p95:,.1f}", f"{cost.forwards:,.1f}", f"{cost.tokens:,.0f}")
            measures = (measure_cell(summary.measure(name)) for name in shown)
            rows.append([system_cell(summary), *measures, *map(Cell, figures)])
    return table("Times, passes and tokens are per question; linking is part of the time.", head, rows)


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """Paired differences, those of a setting together."""
    head = ["System", "F1", "p", "Hits@1", "p (McNemar)"]
    headings = dict.fromkeys(heading(comparison) for comparison in comparisons)
    rows: list[list[Cell]] = []
    for title in headings:
        rows.append([Cell(title, kind="group")])
        rows += [comparison_row(comparison) for comparison in comparisons if heading(comparison) == title]
    return table("Differences over the same questions, with their 95 % intervals.", head, rows)


def heading(comparison: Comparison) -> str:
    """What is compared with what, but for the system."""
    first, second = comparison.first, comparison.second
    if first.setting == second.setting:
        return f"{first.setting}: minus {first.system}"
    return f"{second.setting}: minus the same with {first.setting}"


def comparison_row(comparison: Comparison) -> list[Cell]:
    """One comparison in figures."""
    return [
        Cell(comparison.second.system, head=True),
        difference_cell(comparison.f1.interval, comparison.f1_holm),
        p_cell(comparison.f1_holm, comparison.f1.p),
        difference_cell(comparison.hits_at_1.interval, comparison.mcnemar_holm),
        p_cell(comparison.mcnemar_holm, comparison.mcnemar),
    ]


def strata(report: Report) -> Iterator[str]:
    """A chart for each way to divide the questions (first setting), and all figures in a table."""
    if not report.strata:
        return
    colours = {name: n for n, name in enumerate(dict.fromkeys(stratum.arm.system for stratum in report.strata))}
    first = report.summaries[0].arm
    yield "<h2>Kinds of questions</h2>"
    for kind in dict.fromkeys(stratum.kind for stratum in report.strata):
        members = [s for s in report.strata if s.kind == kind and s.arm.setting == first.setting]
        groups = [
            Group(
                f"{name} ({number:,} question{'s' * (number != 1)})",
                tuple(
                    Bar(s.arm.system, s.f1, s.f1.mean, s.f1.mean, colours[s.arm.system])
                    for s in members
                    if s.name == name
                ),
            )
            for name, number in dict.fromkeys((s.name, s.questions) for s in members)
        ]
        yield f"<h3>{html(kind)}: F1, {html(first.setting)}</h3>\n{bar_chart(f'F1 by {kind}', groups)}"
    yield f"<details><summary>All figures</summary>{strata_table(report.strata)}</details>"


def strata_table(found: Sequence[Stratum]) -> str:
    """The strata in figures."""
    head = ["System", "F1", "Hits@1"]
    rows: list[list[Cell]] = []
    for kind, name, number in dict.fromkeys((s.kind, s.name, s.questions) for s in found):
        rows.append([Cell(f"{name} ({number:,} question{'s' * (number != 1)})", kind="group")])
        rows += [
            [Cell(s.arm.system, s.arm.setting, head=True), interval_cell(s.f1), interval_cell(s.hits_at_1)]
            for s in found
            if (s.kind, s.name) == (kind, name)
        ]
    return table("Answerable questions that have something in common.", head, rows)


def examples(report: Report, graph: Graph) -> Iterator[str]:
    """Some questions that the first system gets wrong."""
    arm = report.summaries[0].arm
    wrong = [record for record in report.records if record.arm == arm and is_wrong(record)]
    if not wrong:
        return
    head = ["Question", "Right answers", "Given", "Best plan", "Fit"]
    rows = [
        [
            Cell(record.row.question, record.row.id, "left"),
            Cell(names(record.row.answers, graph) or "none in this graph", kind="left"),
            Cell(names(record.answers, graph) or "no answer", kind="left"),
            Cell(plan_label(record.plan[0].relations, graph) if record.plan else "none", kind="left"),
            Cell("–" if isnan(record.scores.fit) else f"{record.scores.fit:.2f}"),
        ]
        for record in wrong[:EXAMPLES]
    ]
    caption = f"{len(wrong):,} in all, the first {len(rows)} here; every answer is in questions.jsonl."
    yield f"<details><summary>Where {html(arm.title)} goes wrong</summary>{table(caption, head, rows)}</details>"


def is_wrong(record: Record) -> bool:
    """Whether the answer is not exactly the right set, or should have been refused."""
    return record.scores.exact == 0 or record.scores.right_refusal == 0


def method(report: Report) -> str:
    """What the figures mean and how they were made."""
    options = report.options
    meanings = "".join(f"<dt>{html(TITLES[name])}</dt><dd>{html(text)}</dd>" for name, text in MEANINGS.items())
    lines = [
        "Scores are means over the questions with answers; rightly refused is over those without; right, wrong and "
        "refused are shares of all. A dash stands where a measure does not apply.",
        "Intervals are percentiles of 10,000 resamples of the questions. A system's seeds are averaged question by "
        "question before, so that seeds are not mistaken for questions; their range stands beside.",
        "Differences are paired: the same resampled questions for both systems. McNemar's exact test compares whose "
        "first answer is right. p-values are corrected by Holm's method where several systems are compared.",
        "Linked topics are found by the linker in the question's words; gold topics come with "
        "the data; where nobody gave any, `rog data make` chose them by looking at the answers.",
        "Oracles are given the gold plan, and measured only where there is one: they are ceilings, not systems.",
        f"At most {options.k} plans of {steps(options)}, {options.limit:,} entities a plan; "
        f"{options.batch} question{'s' * (options.batch != 1)} at a time.",
        *(note[:1].upper() + note[1:] + "." for note in report.notes),
    ]
    return f"<ul>{''.join(f'<li>{html(line)}</li>' for line in lines)}</ul>\n<dl>{meanings}</dl>"


def steps(options: Options) -> str:
    """How many steps a plan may have, in words."""
    if options.max_hops == AUTO:
        return f"{HOPS} steps, {MORE_HOPS} where there are few plans"
    return f"{options.max_hops} step{'s' * (options.max_hops != 1)}"


def names(keys: Sequence[str], graph: Graph) -> str:
    """The first few names of entities, and how many more there are."""
    shown = labels(keys[:LISTED], graph)
    return ", ".join(shown) + (f" and {len(keys) - LISTED:,} more" if len(keys) > LISTED else "")


def system_cell(summary: Summary) -> Cell:
    """The name of a system that heads its row."""
    return Cell(summary.arm.system, f"{summary.seeds} seeds" if summary.seeds > 1 else "", head=True)
