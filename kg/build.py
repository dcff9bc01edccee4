"""From a source as users name it (files, `pykeen:nations`, `demo`) to a `.kg` directory."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from itertools import islice
from pathlib import Path

from platformdirs import user_cache_path

from kg.bulk import NotPlain, read_blocks
from kg.errors import GraphError, LoadError
from kg.folders import remove_leftovers
from kg.load import Options, Report, read_names, read_relations, read_triples
from kg.manifest import FORMAT
from kg.neo4j_client import SCHEMES
from kg.neo4j_csv import import_files
from kg.text import one_line
from kg.types import Progress, Triple
from kg.versions import is_graph, new_version
from kg.write import Builder, Provenance

BATCH = 100_000  # facts stored at a time
BATCH_TEXT = 1 << 26  # characters of them, at which a batch ends earlier
SOURCE = 10_000  # characters of the file names kept with a graph
PYKEEN = {"nations": "MIT", "umls": "MIT", "kinships": "MIT"}


@dataclass(frozen=True)
class Sources:
    """What a graph is built from."""

    facts: tuple[Path, ...]
    labels: tuple[Path, ...] = ()
    relations: Path | None = None
    name: str = ""
    licence: str = ""
    returning: bool = False  # whether walks may come back to where they start


def build(
    sources: Sources,
    out: Path,
    options: Options | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    wait: bool = False,
) -> Report:
    """Build the `.kg` directory `out`; what was read, and the bad lines where they are skipped.

    With `overwrite` a graph that is there gets a new version, and readers see the old one or the new one. With `wait`
    a build that is at work there is waited for, else it is an error.
    Raises LoadError (a file) or GraphError (the output); nothing is left behind then. The file of rejected lines
    comes with the graph, and one of an earlier build goes when there are none: it would speak of mended lines.
    """
    options = options or Options()
    rejects = options.rejects
    inputs = {path.resolve() for path in (*sources.facts, *sources.labels, *filter(None, [sources.relations]))}
    if rejects is not None and rejects.resolve() in inputs:
        raise GraphError(f"{rejects} is to be read, and this build would write over it: rename it first")
    with new_version(out, overwrite, wait) as folder:
        if rejects is None:
            return _build(sources, folder, options, progress)
        remove_leftovers(rejects)  # an earlier rog's, named after its process
        beside = rejects.with_name(f".{rejects.name}.building")
        beside.unlink(missing_ok=True)
        try:
            report = _build(sources, folder, replace(options, rejects=beside), progress)
            if report.bad:
                beside.replace(rejects)
            else:
                rejects.unlink(missing_ok=True)
        finally:
            beside.unlink(missing_ok=True)
        return report


def _build(sources: Sources, folder: Path, options: Options, progress: Progress | None) -> Report:
    report, builder = Report(), Builder()
    builder.returning = sources.returning
    for path in sources.labels:
        builder.names.update(read_names(path, options.unpacked))
    if sources.relations:
        builder.relation_names.update(read_relations(sources.relations, options.unpacked))
    for path in sources.facts:
        read_facts(path, builder, options, report, progress)
    for key, names in report.all_names().items():
        builder.names.setdefault(key, names)
    source = one_line(sources.name or ", ".join(path.name for path in sources.facts), SOURCE)
    builder.write_files(folder, Provenance(source, sources.licence), progress)
    return report


def read_facts(path: Path, builder: Builder, options: Options, report: Report, progress: Progress | None) -> None:
    """Add the facts of a file: by blocks as long as it is plain, from where it is not line by line."""
    done = 0
    try:
        for block in read_blocks(path, options):
            builder.add_block(block)
            done += len(block.heads)
            if progress:
                progress("reading facts", len(builder), 0)
        report.lines += done
        report.facts += done
    except NotPlain:
        rest = islice(read_triples(path, options, report), done, None)  # every line so far was a fact
        for batch in batches(rest):
            builder.add(batch)
            if progress:
                progress("reading facts", len(builder), 0)


def batches(triples: Iterator[Triple]) -> Iterator[Iterable[Triple]]:
    """The facts in lists of 100,000, or fewer of long texts."""
    batch: list[Triple] = []
    length = 0
    for triple in triples:
        batch.append(triple)
        length += len(triple.head) + len(triple.relation) + len(triple.tail)
        if len(batch) == BATCH or length > BATCH_TEXT:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def resolve(source: str) -> Sources:
    """What a name stands for: `demo`, `pykeen:NAME`, or a facts file; GraphError if it is none of these."""
    if source == "demo":
        return demo_sources()
    if source.startswith("pykeen:"):
        return pykeen_sources(source.removeprefix("pykeen:"))
    path = Path(source)
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:  # a name too long, or with a NUL in it
        raise LoadError(f"{source}: no name of a file ({getattr(error, 'strerror', None) or error})") from None
    if is_folder:
        files = import_files(path)
        if not files:
            raise LoadError(f"{source}: a directory, not a facts file (and it holds no import files of Neo4j)")
        return Sources(files, relations=next(path.glob("relations.tsv"), None))
    if is_there:
        return Sources((path,))
    if "://" in source:
        raise GraphError(
            f"{source}: an address of another kind than {', '.join(SCHEMES)}; give a .kg directory or a file"
        )
    raise LoadError(f"{source}: no such file or directory (a .kg directory, a facts file, pykeen:NAME or demo)")


def merged(
    facts: Sequence[str], labels: tuple[Path, ...], relations: Path | None, licence: str, returning: bool = False
) -> Sources:
    """What several facts files or named sources, with their side files, are built from together."""
    parts = [resolve(name) for name in facts]
    return Sources(
        tuple(path for part in parts for path in part.facts),
        tuple(path for part in parts for path in part.labels) + labels,
        relations or next((part.relations for part in parts if part.relations), None),
        ", ".join(part.name or Path(name).name for part, name in zip(parts, facts, strict=True)),
        licence or ", ".join(dict.fromkeys(part.licence for part in parts if part.licence)),
        returning,
    )


def demo_folder() -> Path:
    """Where the bundled demo graph lies: in the checkout, or where the wheel put it."""
    checkout = Path(__file__).parent.parent / "data" / "demo"
    if (checkout / "facts.tsv").exists():
        return checkout
    for file in metadata.files("rog") or ():
        if file.match("rog/demo/facts.tsv"):
            return Path(str(file.locate())).resolve().parent
    raise GraphError("the demo graph is missing from this installation; install rog again")


def demo_sources() -> Sources:
    """The bundled demo graph."""
    folder = demo_folder()
    return Sources(
        (folder / "facts.tsv",),
        (folder / "entities.tsv",),
        folder / "relations.tsv",
        "demo",
        "CC BY 4.0 (GeoNames) and MIT, see data/demo/README.md",
    )


def pykeen_sources(name: str) -> Sources:
    """A data set that pykeen carries in its package (found without importing pykeen, which takes seconds)."""
    if name not in PYKEEN:
        raise GraphError(f"pykeen:{name} is not known; there are pykeen:{', pykeen:'.join(PYKEEN)}")
    spec = importlib.util.find_spec("pykeen")
    if spec is None or spec.origin is None:
        raise GraphError(f"pykeen:{name} needs the pykeen package: pip install pykeen")
    folder = Path(spec.origin).parent / "datasets" / name
    return Sources(
        tuple(folder / f"{part}.txt" for part in ("train", "valid", "test")),
        name=f"pykeen:{name}",
        licence=PYKEEN[name],
    )


def cached_store(source: str, progress: Progress | None = None, again: bool = False) -> Path:
    """The `.kg` directory for a source that is not one itself, built once in the user's cache.

    The cache is keyed by the store's format and the files' contents, so an edited file is a new graph. With `again`
    what is there is replaced, since it is damaged.
    """
    sources = resolve(source)
    files = (*sources.facts, *sources.labels, *filter(None, [sources.relations]))
    digest = hashlib.sha256(f"format {FORMAT}".encode())
    for path in files:
        if not path.is_file():
            raise LoadError(f"{path}: no such file")
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    stem = source.replace(":", "-") if source.startswith("pykeen:") else Path(source).name.split(".")[0]
    out = user_cache_path("rog") / "graphs" / f"{stem}-{digest.hexdigest()[:16]}.kg"
    if again or not is_graph(out):
        try:
            build(sources, out, Options(strict=True), again, progress, wait=True)  # nobody would see a report
        except GraphError:
            if again or not is_graph(out):  # else another process was faster
                raise
    return out
