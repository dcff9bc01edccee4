"""Whether a graph is what was built: every byte read again, whatever was remembered of earlier checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from kg.errors import GraphError
from kg.manifest import read_manifest, read_relations
from kg.opened import Opened, content_faults, hash_faults, open_files, opened_from
from kg.versions import FLAT, current_folder
from kg.write import content_hash


class Checked(NamedTuple):
    """What was read of a graph, and what is wrong with it.

    `version` is '' for a graph of an earlier rog, which has no hashes of its files (`hashed`): that one's facts, keys,
    relations and labels are compared by their content hash, and its other names as far as SQLite can tell.
    """

    version: str
    files: int
    size: int
    hashed: bool
    faults: tuple[str, ...]


def check(path: Path) -> Checked:
    """Read the current version of a `.kg` directory whole; GraphError if there is no graph, or not all of its files."""
    folder = current_folder(path)
    manifest = read_manifest(folder)
    with ExitStack() as stack:
        files = open_files(folder, manifest, stack)
        faults = list(hash_faults(manifest, files))
        try:
            found = opened_from(folder, manifest, files)
            faults += content_faults(found)
            found.names.check_contents()
            if not faults and "hashes" not in manifest:
                faults += said_faults(found)
        except GraphError as error:
            faults.append(str(error))
    size = sum(manifest["files"].values())
    return Checked(folder.name if folder != path else FLAT, len(files), size, "hashes" in manifest, tuple(faults))


def said_faults(found: Opened) -> Iterator[str]:
    """Whether facts, keys, relations and labels are what a manifest without hashes of files was written with."""
    manifest = found.manifest
    relations = read_relations(found.folder, found.relations, manifest["size"][1])
    if content_hash(found.folder, list(relations.values()), manifest.get("returning", False)) != manifest["sha256"]:
        yield "what the files say is not what the manifest's content hash was taken of"
