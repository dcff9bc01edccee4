"""Graphs whose every part says which build it is from, so that a mixture of two cannot pass for either."""

from __future__ import annotations

from pathlib import Path

from kg.build import Sources
from kg.mine import mine
from kg.store import Store

ENTITIES = 200


class MixedError(Exception):
    """A graph that is not one build's."""


def write_sources(folder: Path, number: int, entities: int = ENTITIES) -> Sources:
    """The sources of build `number`: a ring with a hub, its entities, labels and relations named after the number."""
    folder.mkdir(parents=True, exist_ok=True)
    facts, names = folder / "facts.tsv", folder / "names.tsv"
    ring = [(f"b{number}e{i}", f"b{number}next", f"b{number}e{(i + 1) % entities}") for i in range(entities)]
    spokes = [(f"b{number}hub", f"b{number}spoke", f"b{number}e{i}") for i in range(0, entities, 2 + number % 3)]
    facts.write_text("".join("\t".join(fact) + "\n" for fact in (*ring, *spokes)), "utf-8")
    labelled = [f"b{number}e{i}\tEntity {i} of build {number}\tkind{number}\t\n" for i in range(entities)]
    names.write_text(
        f"key\tlabel\ttypes\taliases\nb{number}hub\tHub of build {number}\t\t\n" + "".join(labelled), "utf-8"
    )
    return Sources((facts,), (names,))


def number_of(graph: Store, entities: int = ENTITIES) -> int:
    """The number of the build that a graph is from; MixedError unless all that is asked of it is from that one."""
    numbers = {key[1:].removesuffix("next").removesuffix("spoke") for key in graph.relations}
    if len(numbers) != 1:
        raise MixedError(f"relations of the builds {sorted(numbers)}")
    number = int(numbers.pop())
    hub, spokes = f"b{number}hub", tuple(sorted(f"b{number}e{i}" for i in range(0, entities, 2 + number % 3)))
    last = f"b{number}e{entities - 1}"
    answers = {
        "size": (graph.size.entities, graph.size.triples) == (entities + 1, entities + len(spokes)),
        "spokes": graph.frontier([hub]).follow(f"b{number}spoke").entities == spokes,
        "walk": graph.ends(last, (f"b{number}next",) * 3) == (f"b{number}e2",),
        "label": graph.entity(last).label == f"Entity {entities - 1} of build {number}",
        "type": graph.entity(last).types == (f"kind{number}",),
        "name": [name.key for name in graph.named([f"hub of build {number}"])] == [hub],
        "search": [name.key for name in graph.search(f"hub {number}", 1)] == [hub],
        "mining": f"b{number}spoke" in {path for found in mine(graph, [hub], spokes).paths for path in found.path},
    }
    wrong = [what for what, right in answers.items() if not right]
    if wrong:
        raise MixedError(f"{', '.join(wrong)} of another build than {number}")
    return number
