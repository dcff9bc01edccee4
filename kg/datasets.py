"""Sets of questions with answers, whatever form they are in: which reader a file needs, told or guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kg.errors import LoadError
from kg.published import lines_of, question_rows, read_hub, read_metaqa, read_pathquestion, read_rog_rows
from kg.questions import RawQuestion, json_objects, read_plain
from kg.types import Progress

__all__ = ["FORMATS", "RawQuestion", "guess_format", "read_questions"]

ENDINGS = {".jsonl", ".json", ".txt", ".tsv", ".parquet", ".gz", ".bz2"}  # of files, never of a data set on the hub
FORMATS: dict[str, Callable[[Path], Iterator[RawQuestion]]] = {
    "jsonl": read_plain,
    "metaqa": read_metaqa,
    "pathquestion": read_pathquestion,
    "rog": read_rog_rows,
}


def read_questions(sources: Sequence[str], form: str = "", progress: Progress | None = None) -> list[RawQuestion]:
    """All questions of the files (or data sets on the hub), in order; LoadError with the line where one is wrong.

    `form` is one of FORMATS; without it each file's first line tells.
    """
    if form and form not in FORMATS:
        raise LoadError(f"--format {form}: known are {', '.join(FORMATS)}")
    found: list[RawQuestion] = []
    seen: dict[str, str] = {}
    for source in sources:
        for question in reader_of(source, form):
            if question.id in seen:
                raise LoadError(f"{question.where}: the id {question.id!r} is that of {seen[question.id]} already")
            seen[question.id] = question.where
            found.append(question)
            if progress and len(found) % 1000 == 0:
                progress("reading questions", len(found), 0)
    if not found:
        raise LoadError(f"{', '.join(sources)}: no questions")
    return found


def reader_of(source: str, form: str) -> Iterator[RawQuestion]:
    """The questions of one file or data set."""
    path = Path(source)
    if not path.exists():
        if path.suffix in ENDINGS:
            raise LoadError(f"{source}: no such file")
        return read_hub(source)
    if path.is_dir():
        raise LoadError(f"{source}: a directory; give the file of questions")
    return FORMATS[form or guess_format(path)](path)


def guess_format(path: Path) -> str:
    """The form of a file of questions by what its first line (or columns) holds, or LoadError."""
    if path.suffix.lower() == ".parquet":
        first_row = next(question_rows(path), {})
        if "q_entity" in first_row or "a_entity" in first_row:
            return "rog"
        raise LoadError(f"{path}: no columns question, answer, q_entity, a_entity")
    first = next((line for _, line in lines_of(path)), None)
    if first is None:
        raise LoadError(f"{path}: no questions")
    if first.lstrip().startswith("{"):
        _, row = next(json_objects(path))
        return "rog" if "q_entity" in row or "a_entity" in row else "jsonl"
    fields = first.split("\t")
    if len(fields) == 3 and "#<end>#" in fields[2]:
        return "pathquestion"
    if len(fields) == 2 and "[" in fields[0] and "]" in fields[0]:
        return "metaqa"
    raise LoadError(f"{path}: cannot tell its format from its first line; say which with --format {'|'.join(FORMATS)}")
