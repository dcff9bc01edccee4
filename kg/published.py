"""Published question sets in the form that they are published in: MetaQA, PathQuestion, RoG's WebQSP and CWQ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from kg.errors import LoadError, first_line
from kg.frames import parquet_rows
from kg.lines import Options, Report, text_lines
from kg.questions import RawQuestion, checked, json_objects, text_of, texts_of
from kg.text import brief
from kg.types import RelationPath, Triple, inverse

OPENED = re.compile(r"\[(?=[^\]])")
# MetaQA names the kinds of a question's entities; each relation leads from a movie to another kind.
METAQA = {
    "actor": "starred_actors",
    "director": "directed_by",
    "genre": "has_genre",
    "imdbrating": "has_imdb_rating",
    "imdbvotes": "has_imdb_votes",
    "language": "in_language",
    "tag": "has_tags",
    "tags": "has_tags",
    "writer": "written_by",
    "year": "release_year",
}
HUB = re.compile(r"(?:hf:)?([\w.-]+/[\w.-]+)(?::([\w.-]+))?")
HUB_ROWS = ("question", "answer", "q_entity", "a_entity")


def read_metaqa(path: Path) -> Iterator[RawQuestion]:
    """MetaQA (Zhang et al., AAAI 2018, arXiv:1709.04071): `question with [topic]<TAB>answer|answer`.

    Gold relation paths come from the `qtype` file that belongs to it, where there is one.
    """
    kinds = kinds_file(path)
    types = [kind for _, kind in lines_of(kinds)] if kinds else []
    rows = list(lines_of(path))
    if kinds and len(types) != len(rows):
        raise LoadError(f"{kinds}: {len(types):,} lines for the {len(rows):,} questions of {path.name}")
    for place, (number, line) in enumerate(rows):
        where = f"{path}, line {number}"
        text, tab, answers = line.partition("\t")
        topic = bracketed(text)
        if not tab or not topic:
            raise LoadError(f"{where}: expected a question with its topic in [brackets], a tab, answers divided by |")
        paths = (metaqa_path(types[place], f"{kinds}, line {number}"),) if kinds else ()
        yield RawQuestion(
            f"{path.stem}-{number:05d}",
            " ".join(text.replace("[", "").replace("]", "").split()),
            tuple(dict.fromkeys(answer.strip() for answer in answers.split("|") if answer.strip())),
            (topic.strip(),),
            paths,
            where,
        )


def bracketed(text: str) -> str:
    """What stands in the first [brackets] that hold anything, or ''."""
    opened = OPENED.search(text)
    end = text.find("]", opened.end()) if opened else -1
    return text[opened.end() : end] if opened and end >= 0 else ""


def kinds_file(path: Path) -> Path | None:
    """The file of question types beside a MetaQA file, under either of the names that are about."""
    hops = re.search(r"(\d)-?hop", path.stem)
    names = [path.with_name(f"qtype_{hops[1]}hop.txt")] if hops else []
    names += [folder / f"{path.stem}_qtype.txt" for folder in (path.parent, path.parent.parent)]
    return next((name for name in names if name.is_file()), None)


def metaqa_path(kind: str, where: str) -> RelationPath:
    """The relation path that `actor_to_movie_to_director` stands for: `~starred_actors`, `directed_by`."""
    stops = kind.split("_to_")
    path = []
    for source, target in pairwise(stops):
        other = target if source == "movie" else source
        if other not in METAQA or "movie" not in (source, target):
            raise LoadError(f"{where}: no question type of MetaQA: {brief(kind)}")
        path.append(METAQA[other] if source == "movie" else inverse(METAQA[other]))
    if not path:
        raise LoadError(f"{where}: no question type of MetaQA: {brief(kind)}")
    return tuple(path)


def read_pathquestion(path: Path) -> Iterator[RawQuestion]:
    """PathQuestion (Zhou et al., COLING 2018): `question<TAB>answer(answers/)<TAB>topic#r1#e1#…#<end>#answer`."""
    for number, line in lines_of(path):
        where = f"{path}, line {number}"
        fields = line.split("\t")
        stops = fields[2].split("#") if len(fields) == 3 else []
        if len(stops) < 5 or len(stops) % 2 == 0 or stops[-2] != "<end>":
            raise LoadError(f"{where}: expected a question, answer(answers/) and topic#relation#…#<end>#answer")
        listed = fields[1].removeprefix(stops[-1])
        answers = [name for name in listed[1:-1].split("/") if name] if listed.startswith("(") else [stops[-1]]
        yield RawQuestion(
            f"{path.stem}-{number:05d}",
            fields[0].strip(),
            tuple(dict.fromkeys(answers)),
            (stops[0],),
            (tuple(stops[1:-2:2]),),
            where,
        )


def read_rog_rows(path: Path) -> Iterator[RawQuestion]:
    """Rows with question, answer, q_entity, a_entity (Luo et al., ICLR 2024) from JSONL or Parquet."""
    if path.suffix.lower() == ".parquet":
        for number, row in enumerate(question_rows(path), 1):
            yield rog_question(row, f"{path}, row {number}", f"{path.stem}-{number:05d}")
        return
    for number, row in json_objects(path):
        yield rog_question(row, f"{path}, line {number}", f"{path.stem}-{number:05d}")


def question_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, without their subgraphs, which are most of it."""
    names: list[str] = []

    def choose(titles: list[str]) -> list[str]:
        names.extend(name for name in ("id", *HUB_ROWS) if name in titles)
        return names

    for row in parquet_rows(path, choose):
        yield dict(zip(names, row, strict=True))


def read_hub(source: str) -> Iterator[RawQuestion]:
    """The same rows of a data set on the Hugging Face hub, as in `rmanluo/RoG-webqsp` or `rmanluo/RoG-webqsp:train`."""
    for split, number, row in hub_rows(source, HUB_ROWS):
        yield rog_question(row, f"{source}, {split} row {number}", f"{split}-{number:05d}")


def hub_triples(source: str) -> Iterator[Triple]:
    """The facts of all subgraphs of such a data set."""
    for _, _, row in hub_rows(source, ("graph",)):
        yield from (Triple(*fact) for fact in row["graph"])


def hub_rows(source: str, columns: tuple[str, ...]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Split, number from 1 and row of a data set on the hub, or LoadError saying why it cannot be had."""
    match = HUB.fullmatch(source)
    if match is None:
        raise LoadError(f"{source}: no such file, and not the name of a data set on the Hugging Face hub")
    name, only = match.groups()
    try:
        from datasets import load_dataset

        loaded = load_dataset(name)
    except ImportError:
        raise LoadError(f"{source}: data sets of the hub need the package datasets: pip install datasets") from None
    except Exception as error:  # its client raises what it likes when a hub does not answer
        reason = first_line(error)
        raise LoadError(f"{source}: no such file, and the Hugging Face hub did not give it ({reason})") from error
    if only and only not in loaded:
        raise LoadError(f"{source}: no split {only!r}; there are {', '.join(loaded)}")
    for split in [only] if only else loaded:
        missing = [column for column in columns if column not in loaded[split].column_names]
        if missing:
            raise LoadError(f"{source}: no column {missing[0]!r}; found {', '.join(loaded[split].column_names)}")
        wanted = [column for column in ("id", *columns) if column in loaded[split].column_names]
        for number, row in enumerate(loaded[split].select_columns(wanted), 1):
            yield split, number, row


def rog_question(row: Mapping[str, Any], where: str, name: str) -> RawQuestion:
    """The question in a row of that form; its answers are the entities where it has them, else the texts."""
    if "question" not in row or not ("answer" in row or "a_entity" in row):
        raise LoadError(f"{where}: expected question, answer, q_entity, a_entity; found {', '.join(row) or 'none'}")
    answers = texts_of(row, "a_entity", where) or texts_of(row, "answer", where)
    topics = texts_of(row, "q_entity", where)
    return RawQuestion(
        checked(str(row.get("id", name)), "id", where), text_of(row, "question", where), answers, topics, (), where
    )


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text file, blank ones apart."""
    return ((n, line) for n, line in text_lines(path, Options(strict=True), Report()) if line.strip())
