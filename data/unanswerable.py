"""Demo questions that the demo graph cannot answer, each checked against the graph."""

from __future__ import annotations

from collections.abc import Mapping

# question with {t}, topic key: the graph has no relation of this meaning
NO_RELATION = """
Who is the president of {t}?|country:FR
What is the population of {t}?|country:PE
How many people live in {t}?|city:nairobi-ke
who founded {t}|city:saint-petersburg-ru
What is the highest mountain in {t}?|country:NP
Which river flows through {t}?|city:vienna-at
What is the national anthem of {t}?|country:JP
When did {t} become independent?|country:IN
Who is the prime minister of {t}?|country:CA
What is the national dish of {t}?|country:HU
What is the main religion in {t}?|country:TH
How large is {t} in square kilometres?|country:AU
Who is the mayor of {t}?|city:london-gb
When was {t} founded?|city:boston-us
What does the flag of {t} look like?|country:BR
gdp of {t}|country:DE
Which football club plays in {t}?|city:liverpool-gb
Who wrote the constitution of {t}?|country:IE
What is the longest river in {t}?|country:RO
Which universities are in {t}?|city:bologna-it
What is the melting point of {t}?|element:W
At what temperature does {t} boil?|element:Hg
How many protons does {t} have?|element:O
What is the density of {t}?|element:Os
What is the atomic weight of {t}?|element:C
What colour is {t}?|element:Cl
How much does a kilogram of {t} cost?|element:Au
In what year was {t} discovered?|element:He
Is {t} radioactive, and what is its half-life?|element:Ra
What is {t} used for?|element:Ne
Where was {t} born?|person:marie-curie
When did {t} die?|person:humphry-davy
Which university did {t} attend?|person:robert-bunsen
Who was married to {t}?|person:ida-tacke
Which prizes did {t} win?|person:glenn-t-seaborg
How many runways does {t} have?|airport:LHR
Which airlines fly to {t}?|airport:SIN
When was {t} opened?|airport:JFK
How many passengers use {t} every year?|airport:HND
How many people speak {t}?|language:sw
Which alphabet is used to write {t}?|language:ka
Which language family does {t} belong to?|language:hu
What is the exchange rate of the {t}?|currency:CHF
Whose portrait is on the banknotes of the {t}?|currency:MXN
Who is the governor of {t}?|state:TX
When did {t} join the Union?|state:AK
How cold does it get in {t} in winter?|city:yakutsk-ru
"""

# question, topic key, step that has no fact for it
NO_FACT = """
Which countries border {t}?|country:IS|borders
What are the neighbours of {t}?|country:JP|borders
countries bordering {t}|country:NZ|borders
Which country is next to {t} by land?|country:MG|borders
With whom does {t} share a land border?|country:AU|borders
Name the neighbouring countries of {t}.|country:CU|borders
Which country touches {t} by land?|country:LK|borders
Who discovered {t}?|element:Au|discovered_by
By whom was {t} discovered?|element:Fe|discovered_by
Name the discoverer of {t}.|element:Cu|discovered_by
In which country was {t} discovered?|element:Ag|discovered_in
Where was {t} first found: which country?|element:Pb|discovered_in
Which group of the periodic table is {t} in?|element:U|element_group
What group does {t} belong to in the periodic table?|element:Ce|element_group
What is the official language of {t}?|country:ER|official_language
Which country is the largest producer of {t}?|element:Ar|top_producer
Who produces the most {t}?|element:Og|top_producer
What is the internet domain of {t}?|country:XK|top_level_domain
Which US state is {t} in?|city:toronto-ca|state
Which chemical element was discovered in {t}?|country:BR|~discovered_in
Of which country is {t} the capital?|city:new-york-city-us|~capital
Which country has {t} as its capital?|city:sydney-au|~capital
"""

# question with {t}, a name that is not in the graph
UNKNOWN = """
What is the capital of {t}?|Wakanda
Which currency is used in {t}?|Narnia
Which countries border {t}?|Mordor
What is the official language of {t}?|Westeros
On which continent is {t}?|Atlantis
Which country is {t} in?|Gotham City
What time zone does {t} use?|Minas Tirith
Who discovered {t}?|unobtainium
In which country was {t} discovered?|vibranium
Which group of the periodic table is {t} in?|adamantium
Which city does {t} serve?|Mos Eisley Spaceport
In which countries is {t} an official language?|Klingon
Where is {t} an official language?|Dothraki
Which countries use the {t}?|Galactic credit
What elements did {t} discover?|Sherlock Holmes
capital of {t}|Genovia
Which US state is {t} in?|Hill Valley
what money do they use in {t}|Ruritania
"""

ABSENT = ("president", "population", "founded", "mayor", "anthem", "religion", "born", "melting", "area")


def _rows(text: str) -> list[list[str]]:
    """Split the lines of a table above."""
    return [line.split("|") for line in text.strip().splitlines()]


def unanswerable(
    labels: Mapping[str, str], named: Mapping[str, set[str]], steps: Mapping[str, Mapping[str, list[str]]]
) -> list[dict[str, object]]:
    """All unanswerable questions; raises where the graph could answer one after all."""
    relations = {step for key in labels for step in steps[key]}
    if any(word in relation for word in ABSENT for relation in relations):
        raise ValueError("a relation listed as absent exists")
    records: list[dict[str, object]] = []

    def add(question: str, topics: list[str], why: str) -> None:
        records.append({"question": question, "topics": topics, "answers": [], "why": why})

    the = {"country:NL", "country:PH"}
    for question, key in _rows(NO_RELATION):
        add(question.format(t=("the " if key in the else "") + labels[key]), [key], "no such relation")
    for question, key, step in _rows(NO_FACT):
        if step not in relations or steps[key].get(step):
            raise ValueError(f"{key} has a fact for {step}")
        add(question.format(t=labels[key]), [key], "no such fact")
    for question, name in _rows(UNKNOWN):
        if named.get(name.casefold()):
            raise ValueError(f"{name} is in the graph")
        add(question.format(t=name), [], "unknown entity")
    return records
