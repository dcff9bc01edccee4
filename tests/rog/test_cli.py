"""The command line as a user meets it: what is printed where, exit codes, and one line for every mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kg.store import Store
from tests.commands import rog

FILMS_QUESTION = "Who directed Heat?"


@pytest.fixture(scope="module")
def kg(films: object, films_folder: Path) -> str:
    return str(films_folder / "films.kg")


def test_ask_prints_answer_plans_and_paths(kg: str) -> None:
    ran = rog("ask", "--kg", kg, "--planner", "lexical", FILMS_QUESTION)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert "Michael Mann" in ran.stdout.splitlines()[1]
    assert "proven 1/1" in ran.stdout
    assert "directed by" in ran.stdout
    assert "Heat ─directed by→ Michael Mann ✓" in ran.stdout
    assert len(ran.stdout.splitlines()) < 25


def test_as_a_program_of_its_own_it_says_nothing_but_the_answer(kg: str, tiny_folder: Path) -> None:
    """No library warns on the user's terminal, not even what Python keeps from it by default."""
    command = [sys.executable, "-W", "default", "-m", "rog", "ask", "--kg", kg, "--planner", f"lm:{tiny_folder}"]
    ran = subprocess.run([*command, FILMS_QUESTION], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode in (0, 3)
    assert ran.stdout.startswith("╭")
    assert ran.stderr == "loading models …\n"


def test_ask_as_json(kg: str) -> None:
    ran = rog("ask", "--kg", kg, "--planner", "lexical", "--json", "--k", "2", FILMS_QUESTION)
    trace = json.loads(ran.stdout)
    assert trace["answers"] == [{"key": "mann", "label": "Michael Mann"}]
    assert trace["support"] == [[["heat", "directed_by", "mann"]]]
    assert trace["verdict"] == "grounded"
    assert len(trace["plans"]) == 2
    assert trace["topics"][0]["key"] == "heat"


def test_no_answer_is_exit_code_3_with_reasons(kg: str) -> None:
    ran = rog("ask", "--kg", kg, "--planner", "lexical", "Who directed Casablanca?")
    assert ran.returncode == 3
    assert "No grounded answer" in ran.stdout
    assert "no entity of this graph is named in the question" in ran.stdout
    ran = rog("ask", "--kg", kg, "--planner", "lexical", "How expensive was the catering of Heat?")
    assert ran.returncode == 3
    assert "is needed)" in ran.stdout
    assert json.loads(rog("ask", "--kg", kg, "--planner", "lexical", "--json", "Who?").stdout)["answers"] == []


def test_questions_from_stdin(kg: str) -> None:
    ran = rog(
        "ask",
        "--kg",
        kg,
        "--planner",
        "lexical",
        "--json",
        "-",
        stdin="Who directed Heat?\n\nDirector of Gladiator\n",
    )
    assert [json.loads(line)["text"] for line in ran.stdout.splitlines()] == ["Michael Mann", "Ridley Scott"]


def test_paths_only_and_entity(kg: str) -> None:
    ran = rog("ask", "--kg", kg, "--planner", "lexical", "--paths-only", "--entity", "gladiator", "Who directed it?")
    assert ran.returncode == 0
    assert "Answer" not in ran.stdout
    assert "Gladiator ─directed by→ Ridley Scott" in ran.stdout


def test_paths_only_holds_no_answer_and_an_entity_may_be_named(kg: str) -> None:
    question = ("--entity", "Gladiator", "Who directed it?")
    ran = rog("ask", "--kg", kg, "--planner", "lexical", "--paths-only", "--json", *question)
    document = json.loads(ran.stdout)
    assert document["topics"][0]["key"] == "gladiator"
    assert document["evidence"]
    assert not {"answers", "text", "verdict", "support"} & document.keys()


def test_a_name_of_several_entities_is_said() -> None:
    ran = rog("ask", "--planner", "lexical", "What country is Lima in?")
    assert "of the same name could be meant (--entity KEY)" in " ".join(ran.stdout.split())
    settled = rog("ask", "--planner", "lexical", "--entity", "city:lima-us", "What country is Lima in?")
    assert "same name" not in settled.stdout


def test_a_header_with_names_of_its_own_is_not_read_silently(tmp_path: Path) -> None:
    file, out = tmp_path / "people.csv", ("--out", str(tmp_path / "x.kg"), "--force")
    file.write_text("Person,Knows How,Other\nAnn,reports to,Bea\nBea,reports to,Cid\n")
    said = " ".join(rog("kg", "build", str(file), *out).stderr.split())
    assert "people.csv: its first line was read as a fact; if it is a header, add --columns Person,Knows How,O" in said
    told = rog("kg", "build", str(file), *out, "--columns", "Person,Knows How,Other")
    assert ("header" in told.stderr, "2 facts" in told.stdout) == (False, True)
    file.write_text("Ann,reports to,Bea\nBea,reports to,Cid\n")
    assert "header" not in rog("kg", "build", str(file), *out).stderr


def test_relations_that_no_fact_has_are_said(films_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "r.tsv").write_text("key\tlabel\ndirectedby\tdirected by\ndirected_by\tdirected by\n")
    facts = str(films_folder / "facts.tsv")
    ran = rog("kg", "build", facts, "--relations", str(tmp_path / "r.tsv"), "--out", str(tmp_path / "x.kg"))
    assert "1 of its 2 relations are in no fact: directedby" in " ".join(ran.stderr.split())


def test_paths(kg: str) -> None:
    ran = rog("paths", "--kg", kg, "Heat", "actor -> ~actor")
    assert ran.stdout == "Heat ─actor→ Al Pacino ←actor─ The Insider\n"
    assert json.loads(rog("paths", "--kg", kg, "heat", "actor", "--json", "--limit", "1").stdout) == {
        "paths": [[["heat", "actor", "de_niro"]]],
        "total": 2,
    }
    limited = rog("paths", "--kg", kg, "heat", "actor", "--limit", "1")
    assert (limited.returncode, limited.stderr) == (0, "1 more paths; --limit shows more\n")
    nothing = rog("paths", "--kg", kg, "usa", "actor")
    assert (nothing.returncode, nothing.stdout) == (3, "")


def test_describe_and_search(kg: str) -> None:
    ran = rog("kg", "describe", kg)
    assert "12 entities" not in ran.stdout
    assert "14 entities · 5 relations · 14 facts" in ran.stdout
    assert "film → person" in ran.stdout
    assert json.loads(rog("kg", "describe", kg, "--json").stdout)["triples"] == 14
    found = rog("kg", "search", kg, "micheal mann")
    assert "Michael Mann" in found.stdout.splitlines()[0]
    assert "mann" in found.stdout
    assert rog("kg", "search", kg, "[/x] [red]mann").returncode in (0, 3)
    missed = rog("kg", "search", kg, "zzzz")
    assert (missed.returncode, missed.stdout) == (3, "")


def test_build(films_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "my.kg"
    args = (
        "kg",
        "build",
        str(films_folder / "facts.tsv"),
        "--labels",
        str(films_folder / "names.tsv"),
        "--out",
        str(out),
    )
    ran = rog(*args)
    assert ran.returncode == 0, ran.stderr
    assert "14 entities · 5 relations · 14 facts" in ran.stdout
    assert rog(*args).returncode == 1
    assert rog(*args, "--force").returncode == 0


def test_build_counts_bad_lines_and_keeps_them(tmp_path: Path) -> None:
    path, out, rejects = tmp_path / "f.tsv", tmp_path / "g.kg", tmp_path / "g.kg.rejects.tsv"
    path.write_text("a\tr\tb\nbad\n")
    ran = rog("kg", "build", str(path), "--out", str(out))
    assert ran.returncode == 0
    assert "line 2: 1 column, expected 3" in ran.stderr
    assert "1 of 2 lines were skipped" in ran.stderr
    assert rejects.read_text().splitlines()[1].split("\t")[1:] == [
        "2",
        "1 column, expected 3; separated by tabs?",
        "bad",
    ]
    strict = rog("kg", "build", str(path), "--out", str(out), "--force", "--strict")
    assert (strict.returncode, "line 2: 1 column" in strict.stderr) == (1, True)
    path.write_text("a\tr\tb\n")
    assert rog("kg", "build", str(path), "--out", str(out), "--force").returncode == 0
    assert not rejects.exists()


def test_export_prints_the_command_that_loads_it(kg: str, tmp_path: Path) -> None:
    ran = rog("kg", "export", kg, "--out", str(tmp_path / "neo"))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("neo4j-admin database import full neo4j --nodes=Entity=")
    assert ran.stdout.endswith("--array-delimiter=';' --multiline-fields=true\n")
    ran = rog("kg", "export", kg, "--format", "tsv", "--out", str(tmp_path / "tables"))
    assert rog(*ran.stdout.split()[1:]).returncode == 0
    assert Store(tmp_path / "tables.kg").manifest["sha256"] == Store(Path(kg)).manifest["sha256"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["ask", "--kg", "nowhere.kg", "x"], "nowhere.kg: no such file or directory"),
        (["ask", "--kg", "{tmp}", "x"], "is no graph: it has no manifest.json"),
        (["ask", "--kg", "{kg}", ""], "the question is empty"),
        (["ask", "--kg", "{kg}", "{long}"], "the question has 10,000 characters"),
        (
            ["ask", "--kg", "{kg}", "--planner", "lexcal", "x"],
            "no planner 'lexcal'; did you mean lexical?",
        ),
        (
            ["ask", "--kg", "{kg}", "--planner", "lexical", "--reasoner", "symbolc", "x"],
            "no reasoner 'symbolc'; did you mean symbolic?",
        ),
        (
            ["ask", "--kg", "{kg}", "--planner", "lexical", "--entity", "heta", "x"],
            "no entity has the key or name 'heta'; did you mean Heat (heat)",
        ),
        (["ask", "--kg", "{kg}", "--planner", "./no-model", "Heat"], "./no-model: no such folder"),
        (
            ["paths", "--kg", "{kg}", "Haet", "actor"],
            "no entity has the key or name 'Haet'; did you mean Heat (heat)",
        ),
        (["paths", "--kg", "{kg}", "heat", "actr"], "unknown relation 'actr'; did you mean 'actor'"),
        (["paths", "--kg", "{kg}", "heat", " "], "at least one step"),
        (["kg", "build", "{tmp}/none.tsv", "--out", "{tmp}/x.kg"], "none.tsv: no such file"),
        (["kg", "build", "{tmp}", "--out", "{tmp}/x.kg"], "a directory, not a facts file"),
        (["kg", "build", "demo", "--out", "/proc/x.kg"], "no folder can be made there: /proc/x.kg was not written"),
        (["kg", "describe", "pykeen:nope"], "pykeen:nope is not known"),
        (["kg", "build", "demo", "--out", "{tmp}/x.kg", "--columns", "1,2"], "expected three names"),
    ],
)
def test_mistakes_are_one_line(args: list[str], message: str, kg: str, tmp_path: Path) -> None:
    filled = [arg.format(kg=kg, tmp=tmp_path, long="x" * 10_000) for arg in args]
    ran = rog(*filled)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert message in ran.stderr
    assert ran.stderr.startswith("error: ")
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "x.kg").exists()


def test_usage_mistakes_exit_with_2(kg: str) -> None:
    assert rog("ask").returncode == 2
    assert rog("ask", "--kg", kg, "--k", "0", "x").returncode == 2
    assert rog("nonsense").returncode == 2


def test_version() -> None:
    ran = rog("--version")
    assert (ran.returncode, ran.stdout) == (0, "rog 0.1.0\n")


def test_doctor(kg: str) -> None:
    ran = rog("doctor", "--kg", kg)
    assert ran.returncode == 0, ran.stderr
    for word in ("rog 0.1.0", "Python 3", "torch", "FTS5 yes", "cores", "model hub", "14 entities"):
        assert word in ran.stdout.replace("rog            ", "rog "), word
    assert "! " in rog("doctor", "--kg", "nowhere").stdout
