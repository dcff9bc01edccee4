"""Writing a version of a `.kg` directory: facts in, sorted arrays out (see kg.versions for how it takes its place)."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg import kernels
from kg.bulk import Block, block_of
from kg.errors import GraphError
from kg.folders import written_beside
from kg.manifest import FILES, FORMAT
from kg.names import TYPED, EntityNames, RelationNames, checked_relation, named_relation, readable, write_names
from kg.opened import trust
from kg.types import Progress, Relation, Triple
from kg.versions import MANIFEST, new_version

__all__ = ["Builder", "Provenance", "content_hash", "written_beside"]

LONG = 200_000  # facts from which sorting and indexing take long enough to be reported


@dataclass
class Provenance:
    """Where a graph comes from, kept in its manifest."""

    source: str = ""
    licence: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


class Builder:
    """Facts collected in memory (12 bytes each, and the keys once a block) until `write` sorts and stores them."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._count = 0
        self.names: dict[str, EntityNames] = {}
        self.relation_names: dict[str, RelationNames] = {}
        self.returning = False  # whether walks may come back to where they start

    def __len__(self) -> int:
        return self._count

    def add(self, triples: Iterable[Triple]) -> None:
        """Take in facts; the same fact twice counts once."""
        self.add_block(block_of(list(triples)))

    def add_block(self, block: Block) -> None:
        """Take in facts that were read a block at a time (`kg.bulk`)."""
        for relation in block.relations.dictionary.to_pylist():
            checked_relation(relation)
        self._blocks.append(block)
        self._count += len(block.heads)

    def write(self, out: Path, provenance: Provenance, overwrite: bool, progress: Progress | None = None) -> Path:
        """Store the graph at `out`; GraphError if it is empty or `out` exists. Leaves nothing if it fails."""
        with new_version(out, overwrite) as folder:
            self.write_files(folder, provenance, progress)
        return out

    def write_files(self, folder: Path, provenance: Provenance, progress: Progress | None = None) -> None:
        """Write a version's files into an empty folder; GraphError if there are no facts."""
        if not len(self):
            raise GraphError(f"no facts in {provenance.source or 'the input'}: an empty graph was not written")
        self._write_into(
            folder, provenance, progress if progress and len(self) > LONG else lambda what, done, total: None
        )

    def _write_into(self, folder: Path, provenance: Provenance, report: Progress) -> None:
        report("sorting facts and indexing names", 0, 0)
        stop = threading.Event()
        keys, places = ranked([block.heads for block in self._blocks] + [block.tails for block in self._blocks])
        relations, rels = ranked([block.relations for block in self._blocks])
        self._blocks.clear()
        write_keys(folder, keys)
        with ThreadPoolExecutor(1) as beside:  # SQLite on one core, numpy's sorting on another
            names = beside.submit(write_names, folder / "names.sqlite", self._named(keys, stop))
            try:
                facts = distinct(places[: self._count], rels, places[self._count :], len(keys), len(relations))
                del places, rels
                for name, values in indexed(*facts, len(keys), len(relations)).items():
                    np.save(folder / f"{name}.npy", values)
                while not names.done():
                    wait([names], timeout=0.2)  # so that an interruption is noticed
            except BaseException:
                stop.set()
                raise
            names.result()
        described = self._describe(keys, relations.to_pylist(), facts)
        rows = json.dumps([asdict(relation) for relation in described], ensure_ascii=False, indent=1)
        (folder / "relations.json").write_text(rows, "utf-8")
        with ThreadPoolExecutor(1) as beside:
            hashes = beside.submit(file_hashes, folder)
            content = content_hash(folder, described, self.returning)
        manifest = {
            "format": FORMAT,
            "size": [len(keys), len(relations), len(facts[0])],
            "duplicates": len(self) - len(facts[0]),
            "without_facts": len(self.names) - sum(key in self.names for key in texts_of(keys)) if self.names else 0,
            "sha256": content,
            "returning": self.returning,
            **asdict(provenance),
            "files": {name: (folder / name).stat().st_size for name in FILES},
            "hashes": hashes.result(),
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
        trust(folder)

    def _named(self, keys: Any, stop: threading.Event) -> Iterator[tuple[int, EntityNames]]:
        unnamed = EntityNames()
        for number, key in enumerate(texts_of(keys)):
            names = self.names.get(key, unnamed)
            yield number, names if names.label else EntityNames(readable(key), names.types, names.aliases)
            if stop.is_set():
                raise GraphError("stopped")

    def _describe(self, keys: Any, relations: list[str], facts: Facts) -> list[Relation]:
        heads, rels, tails = facts
        types = first_types(keys, self.names)
        order = np.argsort(rels, kind="stable")
        bounds = np.searchsorted(rels[order], np.arange(len(relations) + 1))
        described = []
        for number, key in enumerate(relations):
            of = order[bounds[number] : bounds[number + 1]]
            relation = named_relation(key, self.relation_names)
            head, tail = commonest(types, heads[of]), commonest(types, tails[of])
            both = is_symmetric(heads[of], tails[of])
            described.append(replace(relation, facts=len(of), head_type=head, tail_type=tail, symmetric=both))
        return described


Facts = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


def ranked(columns: list[Any]) -> tuple[Any, NDArray[np.int32]]:
    """The distinct texts of dictionary-encoded arrays in code point order (pyarrow), and each row's place in it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chunks = pa.chunked_array(columns).unify_dictionaries().chunks
    texts = chunks[0].dictionary
    order = pc.array_sort_indices(texts)
    rank = np.empty(len(texts), np.int32)
    rank[order.to_numpy()] = np.arange(len(texts), dtype=np.int32)
    return texts.take(order), np.concatenate([rank[chunk.indices.to_numpy()] for chunk in chunks])


def texts_of(keys: Any) -> Iterator[str]:
    """The texts of a pyarrow array, a few at a time."""
    for start in range(0, len(keys), 50_000):
        yield from keys.slice(start, 50_000).to_pylist()


def packed(*columns: tuple[NDArray[np.int32], int]) -> NDArray[np.uint64] | None:
    """Columns and their bounds as one uint64 each row, most significant first; None where they need more bits."""
    bits = [max(1, int(bound - 1).bit_length()) for _, bound in columns]
    if sum(bits) > 64:
        return None
    key = np.zeros(len(columns[0][0]), np.uint64)
    for (values, _), width in zip(columns, bits, strict=True):
        key <<= np.uint64(width)
        key |= values.astype(np.uint64)
    return key


def in_order(*columns: tuple[NDArray[np.int32], int]) -> NDArray[np.int64]:
    """The permutation that sorts rows by the columns, most significant first."""
    key = packed(*columns)
    if key is None:
        return np.lexsort([values for values, _ in reversed(columns)])
    return np.argsort(key, kind="stable")


def distinct(heads: Any, rels: Any, tails: Any, entities: int, relations: int) -> Facts:
    """The facts sorted and each once."""
    order = in_order((heads, entities), (rels, relations), (tails, entities))
    heads, rels, tails = heads[order], rels[order], tails[order]
    new = np.ones(len(heads), bool)
    new[1:] = (heads[1:] != heads[:-1]) | (rels[1:] != rels[:-1]) | (tails[1:] != tails[:-1])
    return heads[new], rels[new], tails[new]


def indexed(heads: Any, rels: Any, tails: Any, entities: int, relations: int) -> dict[str, NDArray[Any]]:
    """The index over both directions (see kg.kernels)."""
    node = np.concatenate([heads, tails])
    signed = np.concatenate([rels, rels + np.int32(relations)])
    nbr = np.concatenate([tails, heads])
    order = in_order((node, entities), (signed, 2 * relations), (nbr, entities))
    node, signed, nbr = node[order], signed[order], nbr[order]
    rows, adj = kernels.pack(node, signed, nbr, entities, relations)
    return {"rows": rows.astype(np.uint32 if len(adj) < 2**32 else np.int64), "adj": adj}


def write_keys(folder: Path, keys: Any) -> None:
    """Write the sorted keys (a pyarrow array of large strings) as one blob with their ends."""
    _, offsets, data = keys.buffers()
    ends = np.frombuffer(offsets, np.int64, len(keys) + 1, 8 * keys.offset)
    np.save(folder / "key_ends.npy", (ends - ends[0]).astype(np.uint32 if ends[-1] < 2**32 else np.int64))
    (folder / "keys.bin").write_bytes(memoryview(data)[ends[0] : ends[-1]])


def first_types(keys: Any, names: Mapping[str, EntityNames]) -> list[str]:
    """Each entity's first type, or ''."""
    if not any(known.types for known in names.values()):
        return [""] * len(keys)
    untyped = ("",)
    return [(names[key].types or untyped)[0] if key in names else "" for key in texts_of(keys)]


def commonest(types: list[str], numbers: NDArray[np.int32]) -> str:
    """The most frequent type among these entities (of the first 10,000), or ''; ties go to the first by name."""
    counts: Counter[str] = Counter(types[number] for number in numbers[:TYPED].tolist())
    return sorted(counts, key=lambda name: (-counts[name], name))[0]


def is_symmetric(heads: NDArray[np.int32], tails: NDArray[np.int32]) -> bool:
    """Whether the reverse of every fact is among the facts (sorted and distinct)."""
    order = np.lexsort((heads, tails))
    return bool((tails[order] == heads).all() and (heads[order] == tails).all())


def content_hash(folder: Path, relations: list[Relation], returning: bool) -> str:
    """SHA-256 over what the graph says: the index, the keys, the relations and the names (not SQLite's bytes)."""
    import sqlite3
    from contextlib import closing

    digest = hashlib.sha256((repr(relations) + "returning" * returning).encode())
    for file in ("rows.npy", "adj.npy", "key_ends.npy", "keys.bin"):
        with (folder / file).open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    with closing(sqlite3.connect(folder / "names.sqlite")) as db:
        rows = db.execute("SELECT * FROM entity ORDER BY id")
        while batch := rows.fetchmany(10_000):
            digest.update("".join(map(repr, batch)).encode())
    return digest.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a version."""
    hashes = {}
    for name in FILES:
        with (folder / name).open("rb") as stream:
            hashes[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return hashes
