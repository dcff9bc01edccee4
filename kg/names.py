"""The names of a graph's entities in one SQLite file: labels, aliases, types, normal forms and full-text search."""

from __future__ import annotations

import re
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from rapidfuzz.distance.OSA import normalized_similarity as similarity

from kg.errors import GraphError
from kg.types import INVERSE, Entity, Relation
from kg.versions import lies_at

ARTICLES = ("the ", "a ", "an ")
SCANNED = 2_000_000  # names that a fuzzy scan reads
TYPED = 10_000  # facts of a relation from which the commonest types at its ends are taken
SEPARATOR = "\x1f"  # between the aliases or types of one entity; stripped from names on the way in

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
MC = re.compile(r"(?<=\bMc)|(?<=\bMac)|(?<=[a-z]Mc)|(?<=[a-z]Mac)")  # McLoughlin in TomMcLoughlin is one word
JOINED = "\x1e"  # stands where a word is not divided
PARTED = re.compile(r"\d \d")  # two numbers, which are not one
ABBREVIATION = 5  # letters of a word in capitals that may be stored with full stops: U.S., U.N.E.S.C.O. is longer
ASKED = 10_000  # normal forms that one statement looks for
ROWS = 10_000  # written at a time
WORDS = 64  # different words of a text that are searched for: each costs a list of the index
FREEBASE = r"(?:https?://rdf\.freebase\.com/ns/)?"
UNNAMED = re.compile(rf"{FREEBASE}[mg]\.[0-9a-z_]+|/[mg]/[0-9a-z_]+|_:.+")
BOOKKEEPING = re.compile(  # relations about the data, not about the world
    rf"{FREEBASE}(?:type\.object|common\.topic|kg)\.(?!description$)[\w.]+|http://www\.w3\.org/2002/07/owl#sameAs"
)

TABLES = {
    "entity": "CREATE TABLE entity(id INTEGER PRIMARY KEY, label TEXT NOT NULL, "
    "types TEXT NOT NULL, aliases TEXT NOT NULL)",
    "name": "CREATE TABLE name(id INTEGER NOT NULL, text TEXT NOT NULL, normal TEXT NOT NULL, alias INTEGER NOT NULL)",
    "words": "CREATE VIRTUAL TABLE words USING fts5(normal, content='', tokenize=\"unicode61 remove_diacritics 2\")",
    "name_normal": "CREATE INDEX name_normal ON name(normal, id)",
}
OPENED = "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;"  # the file may be damaged, or anybody's


class NameRow(NamedTuple):
    """One name: the entity's number, the text as written, and whether it is an alias."""

    id: int
    text: str
    alias: bool


class EntityNames(NamedTuple):
    """All that is known of an entity's names; an empty label means that the key has to serve."""

    label: str = ""
    types: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def normal(text: str) -> str:
    """The form in which names are compared: case folded, accents and punctuation dropped, no leading article."""
    if text.isascii() and text.isalnum():  # most names of most graphs are one plain word
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = [" " if unicodedata.category(c)[0] in "PZC" else c for c in decomposed if not unicodedata.combining(c)]
    words = " ".join("".join(kept).split())
    for article in ARTICLES:
        if words.startswith(article):
            words = words[len(article) :]
    return words or text.casefold().strip().encode("utf-8", "replace").decode()


def readable(key: str) -> str:
    """The name of an entity whose key is all that is known of it: letter for letter, `_` read as a blank.

    Of an IRI its last part, decoded ("Caf%C3%A9" is "Café"), of a literal what stands between the quotes. What has
    blanks keeps its `_`. YouTube stays one word: it is found as "You Tube" too, but never shown so.
    """
    if key.isascii() and key.isalnum():
        return key
    if key.startswith('"'):
        return re.sub(r'"(@[\w-]+|\^\^.*)?$', "", key[1:]).strip() or key
    if "://" in key or key.startswith("urn:"):
        key = iri_name(key)
    spaced = key if " " in key else key.replace("_", " ")
    return " ".join(spaced.split()) or key


def iri_name(iri: str) -> str:
    """The last part of an IRI, percent-encoding undone where it is UTF-8."""
    last = re.split(r"[:/#]" if iri.startswith("urn:") else r"[/#]", iri.rstrip("/#"))[-1]
    try:
        last = unquote(last, errors="strict")
    except UnicodeDecodeError:
        return last or iri
    return " ".join(last.split()) or iri


def relation_words(key: str) -> str:
    """Words for a relation or type without a label: the last part of a dotted name or an IRI, `_` and camelCase split.

    What has blanks already is words.
    """
    if re.fullmatch(r"[a-z_0-9]+(\.[a-z_0-9]+)+", key) and not re.fullmatch(r"[mg]\.[a-z_0-9]+", key):
        key = key.rsplit(".", 1)[-1]
    elif ":" in key and "://" in key:
        key = re.split(r"[/#:]", key.rstrip("/#"))[-1] or key
    words = readable(key)
    return words if " " in key else camel_split(words)


def camel_split(text: str) -> str:
    """The text with a blank before each capital that follows a small letter: "NewYorkCity" is "New York City"."""
    if text.islower() or not CAMEL.search(text):
        return text
    return CAMEL.sub(" ", MC.sub(JOINED, text)).replace(JOINED, "")


def other_forms(text: str, form: str) -> tuple[str, ...]:
    """Further normal forms, beside `form`, by which a name written as `text` may be stored: other blanks.

    "You Tube" may be "YouTube" in the graph, "NewYorkCity" "New York City", "US" "U.S.".
    """
    split = camel_split(text)
    forms = [normal(split)] if split != text else []
    if " " in form and not PARTED.search(form):
        forms.append(form.replace(" ", ""))
    if text.isalpha() and text.isupper() and len(text) <= ABBREVIATION:
        forms.append(" ".join(form))
    return tuple(other for other in dict.fromkeys(forms) if other != form)


def checked_relation(key: str) -> str:
    """The relation's key, or GraphError if it cannot be told from an inverse step."""
    if not key or key.startswith(INVERSE):
        raise GraphError(f"relation {key!r} is empty or begins with {INVERSE!r}, which stands for an inverse step")
    return key


class RelationNames(NamedTuple):
    """A relation's label and inverse label ('' to be guessed), and whether plans leave it out (None: by its key)."""

    label: str = ""
    inverse_label: str = ""
    hidden: bool | None = None


def named_relation(key: str, names: Mapping[str, RelationNames]) -> Relation:
    """A relation with its label and inverse label, guessed from the key where they were not given."""
    given = names.get(key, RelationNames())
    label = given.label or relation_words(key)
    hidden = BOOKKEEPING.fullmatch(key) is not None if given.hidden is None else given.hidden
    return Relation(key, label, given.inverse_label or f"{label} of", hidden=hidden)


def is_unnamed(entity: Entity) -> bool:
    """Whether an entity is only an identifier: a Freebase machine id or a blank node without a label of its own."""
    return UNNAMED.fullmatch(entity.key) is not None and entity.label == readable(entity.key)


def write_names(path: Path, rows: Iterable[tuple[int, EntityNames]]) -> None:
    """Write the names database; `rows` are (entity number, names) with the label filled in."""
    db = sqlite3.connect(path)
    try:
        db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=8192;")
        for name in ("entity", "name", "words"):
            db.execute(TABLES[name])
        db.execute("PRAGMA cache_size=-131072")  # KiB
        db.execute("INSERT INTO words(words, rank) VALUES ('hashsize', 33554432)")
        named = iter(rows)
        last = 0
        while batch := list(islice(named, ROWS)):
            entities, texts = [], []
            for number, names in batch:
                label = clean(names.label)
                entities.append((number, label, joined(names.types), joined(names.aliases)))
                for text in dict.fromkeys((label, *names.aliases)) if names.aliases else (label,):
                    last += 1
                    texts.append((last, number, text, normal(text), text != label))
            db.executemany("INSERT INTO entity VALUES (?, ?, ?, ?)", entities)
            db.executemany("INSERT INTO name(rowid, id, text, normal, alias) VALUES (?, ?, ?, ?, ?)", texts)
            db.executemany("INSERT INTO words(rowid, normal) VALUES (?, ?)", map(searched_words, texts))
        db.execute(TABLES["name_normal"])
        db.commit()
    finally:
        db.close()


def connected(path: Path) -> sqlite3.Connection:
    """A connection to a names database that nobody writes."""
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    connection.executescript(OPENED)
    return connection


def searched_words(row: tuple[int, int, str, str, bool]) -> tuple[int, str]:
    """What full-text search finds a stored name by: the words of its normal form, and those of camelCase."""
    rowid, _, text, form, _ = row
    split = camel_split(text)
    return rowid, form if split == text else f"{form} {normal(split)}"


def clean(text: str) -> str:
    """The text without the sign that separates stored names."""
    return text.replace(SEPARATOR, " ") if SEPARATOR in text else text


def joined(texts: tuple[str, ...]) -> str:
    """Names as they are stored in one column."""
    return SEPARATOR.join(map(clean, texts)) if texts else ""


class Names:
    """A names database opened for reading; one connection per thread, all to the file that was there at the start.

    Names of other entities than the first `entities` are damage. Every fault of the file is a GraphError.
    """

    def __init__(self, path: Path, entities: int = 2**31) -> None:
        self._path, self._entities = path, entities
        self.file = path.open("rb")  # as long as it is open, no other file can be taken for it
        self._first = connected(path)
        self._turn = threading.Lock()  # for `_first`, which threads share once the path is gone
        self._local = threading.local()
        self._local.db = self._first

    @property
    def _db(self) -> sqlite3.Connection:
        if not hasattr(self._local, "db"):
            self._local.db = self._another() or self._first
        connection: sqlite3.Connection = self._local.db
        return connection

    def _another(self) -> sqlite3.Connection | None:
        """Another connection to the same file; None if its path is gone or another file's."""
        try:
            connection = connected(self._path)
        except sqlite3.OperationalError:
            return None
        if lies_at(self.file, self._path):  # so it was when it was opened: a path does not come back
            return connection
        connection.close()
        return None

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            db = self._db
            if db is self._first:
                with self._turn:
                    return db.execute(query, values).fetchall()
            return db.execute(query, values).fetchall()
        except (sqlite3.DatabaseError, MemoryError) as error:  # damage may look like a row of gigabytes
            raise GraphError(f"the names of the graph are damaged ({error}); build the graph again") from error

    def close(self) -> None:
        """Close the file, and this thread's connection to it."""
        self.file.close()
        self._first.close()
        if hasattr(self._local, "db"):
            self._local.db.close()
            del self._local.db

    def __del__(self) -> None:
        if hasattr(self, "_local"):
            self.close()

    def check_schema(self) -> None:
        """GraphError unless the file holds our tables and no code of anybody's: no views, triggers or defaults."""
        found = dict(self._rows("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'words^_%' ESCAPE '^'"))
        kinds = {kind for (kind,) in self._rows("SELECT DISTINCT type FROM sqlite_master")}
        if found != TABLES or not kinds <= {"table", "index"}:
            raise GraphError("the names of the graph are damaged (other tables than rog writes); build the graph again")

    def check_contents(self) -> None:
        """GraphError if the file's pages or its indexes contradict each other, or it has not the entities' names.

        Reads everything: some seconds a million names.
        """
        state = [row[0] for row in self._rows("PRAGMA integrity_check(1)")]
        counted = self._rows("SELECT count(*), min(id), max(id) FROM entity")
        if state != ["ok"] or counted != [(self._entities, 0, self._entities - 1)]:
            raise GraphError("the names of the graph are damaged (they contradict each other); build the graph again")

    def of(self, number: int) -> EntityNames:
        """The names of one entity."""
        rows = self._rows("SELECT label, types, aliases FROM entity WHERE id = ?", (number,))
        if len(rows) != 1 or not all(type(text) is str for text in rows[0]):
            raise GraphError(f"the names of the graph are damaged (entity {number:,}); build the graph again")
        return EntityNames(rows[0][0], split(rows[0][1]), split(rows[0][2]))

    def _named(self, rows: Iterable[tuple[int, str, int]]) -> list[NameRow]:
        """The rows of the table of names, checked: what a damaged file says may be of any type."""
        named = [NameRow(i, text, bool(alias)) for i, text, alias in rows]
        if not all(type(i) is int and 0 <= i < self._entities and type(text) is str for i, text, _ in named):
            raise GraphError("the names of the graph are damaged (a name of no entity); build the graph again")
        return named

    def named(self, normals: Sequence[str]) -> list[NameRow]:
        """The names with one of these normal forms, by entity number."""
        rows: list[Any] = []
        for first in range(0, len(normals), ASKED):
            asked = list(normals[first : first + ASKED])
            marks = ",".join("?" * len(asked))
            rows += self._rows(f"SELECT id, text, alias FROM name WHERE normal IN ({marks})", asked)
        return sorted(self._named(rows), key=lambda row: (row.id, row.alias, row.text))

    def search(self, text: str, limit: int) -> list[NameRow]:
        """The names that share one of the first 64 words with `text`, or begin one of their words with its last.

        The best by BM25 first.
        """
        words = list(dict.fromkeys(re.findall(r"\w+", normal(text))))[:WORDS]
        if not words:
            return []
        query = " OR ".join(f'"{word}"' for word in words) + f' OR "{words[-1]}"*'
        rows = self._rows(
            "SELECT name.id, text, alias FROM words JOIN name ON name.rowid = words.rowid "
            "WHERE words MATCH ? ORDER BY bm25(words), name.id, text LIMIT ?",
            (query, limit),
        )
        return self._named(rows)

    @cached_property
    def _all(self) -> tuple[list[NameRow], list[str]]:
        rows = self._rows("SELECT id, text, alias, normal FROM name ORDER BY rowid LIMIT ?", (SCANNED,))
        return self._named(row[:3] for row in rows), [str(row[3]) for row in rows]

    def scan(self, text: str, limit: int, cutoff: float) -> list[tuple[NameRow, float]]:
        """The names most similar to `text`: normalised Damerau-Levenshtein similarity of the normal forms.

        Reads the first two million names (and keeps them in memory), about 0.2 s a million.
        """
        from rapidfuzz import process

        rows, forms = self._all
        matches = process.extract(normal(text), forms, scorer=similarity, limit=limit, score_cutoff=cutoff)
        return [(rows[index], score) for _, score, index in matches]


def split(text: str) -> tuple[str, ...]:
    """The parts of a stored list of names."""
    return tuple(text.split(SEPARATOR)) if text else ()
