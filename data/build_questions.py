"""Build the demo questions (train, dev, test, unanswerable) from the demo graph's tables.

Run by build_demo.py; `python data/build_questions.py` rewrites only the questions from the tables on disk.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

from question_templates import PathType, path_types
from unanswerable import unanswerable

DEMO = Path(__file__).parent / "demo"
QUOTAS = {
    1: {"train": 7, "dev": 2, "test": 6},
    2: {"train": 8, "dev": 3, "test": 7},
    3: {"train": 9, "dev": 3, "test": 8},
}
MOST_ANSWERS = {1: 60, 2: 40, 3: 30}
FIXED_SPLIT = {"city:lima-pe": "train"}
FIXED_TOPICS = {"capital: ~capital currency": "city:lima-pe"}  # with the first wording
# Contested or ambiguous places are facts of the graph but not topics of questions.
NO_TOPICS = {
    "country:EH",
    "country:PS",
    "country:IL",
    "country:TW",
    "country:XK",
    "region:australia-and-new-zealand",
    "city:ontario-us",
}
TWO_CONTINENTS = {f"country:{code}" for code in ("RU", "TR", "EG", "KZ", "GE", "AZ", "AM", "CY", "ID", "TL")}
DEBATED_CAPITALS = {f"country:{code}" for code in ("LK", "BO", "KI", "SZ", "IL", "PS", "ZA")}
THE_LABELS = set(
    "Caribbean|United Arab Emirates|Bahamas|Democratic Republic of the Congo|Gambia|Comoros|Seychelles|"
    "Central African Republic|Republic of the Congo|Dominican Republic|United Kingdom|Marshall Islands|"
    "Maldives|Netherlands|Philippines|Solomon Islands|United States".split("|")
)
THE_START = re.compile(
    r"^(United|Republic|Kingdom|State|Federal|Commonwealth|Democratic|Union|Principality|Islamic|Hashemite|"
    r"Sultanate|People|Grand|Arab|Federation|Independent|Bolivarian|"
    r"Oriental|Plurinational|Co-operative|USA|UK|UAE|U\.S\.|Holy See)\b"
)
THE_END = re.compile(r"(Republic|Federation|Confederation)$")


def rank(*parts: str) -> str:
    """A stable pseudo-random sort key."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


class Demo:
    """The demo graph read back from its tables."""

    def __init__(self, folder: Path) -> None:
        """Read entities and facts."""
        self.labels: dict[str, str] = {}
        self.types: dict[str, list[str]] = {}
        self.aliases: dict[str, list[str]] = {}
        self.named: dict[str, set[str]] = defaultdict(set)
        self.steps: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for line in (folder / "entities.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            key, label, types, aliases = line.split("\t")
            self.labels[key], self.types[key] = label, types.split("|")
            self.aliases[key] = [name for name in aliases.split("|") if name]
            for name in [label, *self.aliases[key]]:
                self.named[name.casefold()].add(key)
        for line in (folder / "facts.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            head, relation, tail = line.split("\t")
            self.steps[head][relation].append(tail)
            self.steps[tail]["~" + relation].append(head)

    def only(self, name: str, key: str) -> bool:
        """Whether the name means this entity and no other."""
        return self.named[name.casefold()] == {key}

    def walk(self, topic: str, path: tuple[str, ...]) -> list[set[str]]:
        """The frontier after every hop; the topic is dropped from each."""
        frontiers, frontier = [], {topic}
        for step in path:
            frontier = {tail for key in frontier for tail in self.steps[key].get(step, [])} - {topic}
            frontiers.append(frontier)
        return frontiers

    def first(self, key: str, step: str) -> str:
        """One entity reached by a step, or the empty string."""
        return next(iter(self.steps[key].get(step, [])), "")


def split_of(key: str) -> str:
    """The split of a topic entity: half train, 15 % dev, the rest test."""
    share = int(rank("split", key)[:8], 16) / 0xFFFFFFFF
    return FIXED_SPLIT.get(key, "train" if share < 0.5 else "dev" if share < 0.65 else "test")


# ---- topics ------------------------------------------------------------------------------------------------


def country_of(demo: Demo, key: str) -> str:
    """The country of a city, airport or internet domain."""
    step = "~top_level_domain" if key.startswith("tld:") else "country"
    return demo.first(key, step)


def kind_matches(demo: Demo, kind: str, key: str) -> bool:
    """Whether an entity may be topic of this kind."""
    prefix = key.split(":")[0]
    if prefix in {"city", "airport", "tld"}:
        home = country_of(demo, key)
        contested = home in NO_TOPICS or demo.first(key, "time_zone") == "tz:Europe/Simferopol"
        if contested or "country" not in demo.types.get(home, []):
            return False
    if kind == "country":
        return "country" in demo.types[key]
    if kind == "capital":
        return bool(demo.steps[key].get("~capital"))
    if kind in {"city", "uscity"}:
        served = [demo.labels[airport] for airport in demo.steps[key].get("~serves_city", [])]
        big = prefix == "city" and any("International" in name for name in served)
        return big and (kind == "city" or "state" in demo.steps[key])
    if kind in {"airport", "uairport"}:
        wanted = prefix == "airport" and "International" in demo.labels[key]
        return wanted and (kind == "airport" or demo.first(key, "country") == "country:US")
    return prefix == kind


def allowed(kind: PathType, key: str, frontiers: list[set[str]]) -> bool:
    """Whether the path from this topic makes a clear question with a manageable answer."""
    answers = frontiers[-1]
    if not answers or len(answers) > MOST_ANSWERS[len(kind.path)] or key in NO_TOPICS:
        return False
    if kind.path[0] in {"continent", "subregion"} and key in TWO_CONTINENTS:
        return False
    if "continent" in kind.path and frontiers[0] & TWO_CONTINENTS:
        return False
    if ("capital" in kind.path or "~capital" in kind.path) and ({key} | frontiers[0]) & DEBATED_CAPITALS:
        return False
    if kind.path[0] == "discovered_by" and any(key.startswith("org:") for key in frontiers[0]):
        return len(kind.path) == 1
    for step, frontier in zip(kind.path[:-1], frontiers[:-1], strict=True):
        plural = step in {"borders", "~currency", "~official_language", "top_producer"}
        single = step in {"discovered_in", "capital", "time_zone"}
        if (plural and len(frontier) < 2) or (single and len(frontier) != 1 and "borders" not in kind.path):
            return False
    return True


def one_place_each(demo: Demo, kind: PathType, frontiers: list[set[str]]) -> bool:
    """For persons: every element of theirs has one country of discovery, so it is theirs."""
    if kind.kind != "person" or "discovered_in" not in kind.path:
        return True
    return all(len(demo.steps[element].get("discovered_in", [])) == 1 for element in frontiers[0])


def topics(demo: Demo, kind: PathType) -> list[tuple[str, list[set[str]]]]:
    """Topics of a path type with their frontiers, in a stable random order."""
    found = []
    for key in sorted(demo.labels, key=lambda key: rank(kind.name, key)):
        known = demo.only(demo.labels[key], key) or FIXED_TOPICS.get(kind.name) == key
        if not known or not kind_matches(demo, kind.kind, key):
            continue
        frontiers = demo.walk(key, kind.path)
        if allowed(kind, key, frontiers) and one_place_each(demo, kind, frontiers):
            found.append((key, frontiers))
    return found


# ---- wording -----------------------------------------------------------------------------------------------


def alias_of(demo: Demo, key: str) -> str:
    """A good unambiguous alias to use in a question, or the empty string."""
    prefix = key.split(":")[0]
    for name in demo.aliases[key]:
        short = name.isupper() and len(name) <= 4
        usable = {
            "country": name in {"USA", "UK", "UAE"} or (not short and "(" not in name),
            "city": "," not in name and (not short or name == "NYC"),
            "airport": len(name) == 3,
            "currency": True,
            "element": len(name) > 3,
            "person": True,
            "language": " language" not in name,
        }.get(prefix, False)
        if usable and demo.only(name, key):
            return f"{name} airport" if prefix == "airport" else name
    return ""


def with_article(key: str, name: str) -> str:
    """The name as it stands in running text."""
    prefix = key.split(":")[0]
    if prefix == "currency":
        return name if name.isupper() and len(name) == 3 else f"the {name}"
    if prefix in {"country", "region"}:
        if name in THE_LABELS or THE_START.search(name) or THE_END.search(name):
            return f"the {name}"
        return name[0].lower() + name[1:] if name.startswith("The ") else name
    return name


def possessive(name: str) -> str:
    """The possessive form."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def fill(wording: str, name: str, frontiers: list[set[str]]) -> str:
    """A wording with its topic and its singular or plural forms."""

    def choose(match: re.Match[str]) -> str:
        hop = int(match[1]) - 1 if match[1] else -1
        return match[3] if len(frontiers[hop]) > 1 else match[2]

    text = re.sub(r"\[(?:(\d):)?([^|\]]*)\|([^|\]]*)\]", choose, wording)
    article = "an" if name[:1].lower() in "aeiou" else "a"
    text = text.replace("{t}", name).replace("{p}", possessive(name)).replace("{a}", f"{article} {name}")
    starts_low = wording[0].islower() or wording[0] == "["
    return text if starts_low else text[0].upper() + text[1:]


def question_text(demo: Demo, key: str, wording: str, frontiers: list[set[str]]) -> str:
    """The question as somebody types it: now and then with an alias or all in lower case."""
    style = int(rank("style", key, wording)[:6], 16) % 100
    alias = alias_of(demo, key) if style < 24 else ""
    text = fill(wording, with_article(key, alias or demo.labels[key]), frontiers)
    if not alias and style >= 87:
        text = text.lower()
        text = text.rstrip("?.") if style >= 93 else text
    return text


# ---- selection ---------------------------------------------------------------------------------------------


def wordings(kind: PathType, split: str) -> list[str]:
    """Wordings open to a split, the test split's own first and last."""
    if split != "test":
        return list(kind.shared)
    mixed: list[str] = []
    for index in range(max(len(kind.shared), len(kind.test_only))):
        mixed += [*kind.test_only[index : index + 1], *kind.shared[index : index + 1]]
    return mixed


def make(demo: Demo, kind: PathType, seen: set[str]) -> list[tuple[str, dict[str, object]]]:
    """The questions of one path type as (split, record)."""
    pools: dict[str, list[tuple[str, list[set[str]]]]] = defaultdict(list)
    for key, frontiers in topics(demo, kind):
        pools[split_of(key)].append((key, frontiers))
    records: list[tuple[str, dict[str, object]]] = []
    for split, quota in QUOTAS[len(kind.path)].items():
        pool = pools[split]
        fixed = FIXED_TOPICS.get(kind.name)
        pool.sort(key=lambda item: item[0] != fixed)
        options = wordings(kind, split)
        for index in range(min(quota, 2 * len(pool))):
            key, frontiers = pool[index % len(pool)]
            wording = options[(index + index // len(pool)) % len(options)]
            text = question_text(demo, key, wording, frontiers)
            if key == fixed and index == 0:
                text = fill(wording, demo.labels[key], frontiers)
            if text.casefold() in seen:
                continue
            seen.add(text.casefold())
            record: dict[str, object] = {"question": text, "topics": [key], "answers": sorted(frontiers[-1])}
            records.append((split, {**record, "path": list(kind.path), "hops": len(kind.path)}))
    return records


def write(path: Path, records: list[dict[str, object]], stem: str) -> None:
    """Write one question a line, numbered."""
    lines = [
        json.dumps({"id": f"{stem}-{number:04d}", **record}, ensure_ascii=False, sort_keys=True)
        for number, record in enumerate(records, 1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def main() -> None:
    """Write all question files and print the counts."""
    demo = Demo(DEMO)
    splits: dict[str, list[dict[str, object]]] = {"train": [], "dev": [], "test": []}
    seen: set[str] = set()
    per_type: Counter[str] = Counter()
    for kind in path_types():
        for split, record in make(demo, kind, seen):
            splits[split].append(record)
            per_type[kind.name] += 1
    for split, records in splits.items():
        records.sort(key=lambda record: rank("order", str(record["question"])))
        write(DEMO / "questions" / f"{split}.jsonl", records, split)
        hops = Counter(str(record["hops"]) for record in records)
        print(f"{split}: {len(records)} questions, hops {sorted(hops.items())}")
    negatives = unanswerable(demo.labels, demo.named, demo.steps)
    write(DEMO / "questions" / "unanswerable.jsonl", negatives, "unanswerable")
    reasons = Counter(str(record["why"]) for record in negatives)
    print(f"unanswerable: {len(negatives)} questions, {sorted(reasons.items())}")
    for name, count in sorted(per_type.items()):
        print(f"  path {name}: {count}")


if __name__ == "__main__":
    main()
