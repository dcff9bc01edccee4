"""English words that say what a relation path cannot: the table of operators, and what only looks like one.

All patterns are matched against a question in which names and quotations are covered (`reasoner.guard`): NAME stands
for each letter of a name, and a covered piece of politeness is blank.
"""

from __future__ import annotations

import re
from typing import NamedTuple

NAME = "\ue000"
THE = r"(?:(?:the|its|their|his|her|of|in|by|with|from|to|for) ){0,2}"  # what may stand before a name
WH = r"(?:who|whom|whose|what|when|where|which|how|why)"
AUX = r"(?:is|are|was|were|am|does|did|do|has|have|had|can|could|will|would|should|shall|may|might|must)"
LATER = (
    "older younger elder larger smaller bigger taller shorter longer higher lower cheaper faster slower earlier later"
)
COMPARED = (
    f"(?:{'|'.join([*LATER.split(), 'newer', 'richer', 'poorer', 'heavier', 'lighter', 'better', 'worse', 'more'])})"
)
VALUE = (
    r"(?:[$€£]?\d|a hundred|hundred|a thousand|thousand|a million|million|two\b|three\b|four\b|five\b|six\b|"
    r"ten\b)"
)


class Operator(NamedTuple):
    """What an operator is called in the code, and how it is written; group 1, if any, is what a refusal quotes."""

    name: str
    pattern: re.Pattern[str]


def _table(rows: dict[str, str]) -> tuple[Operator, ...]:
    return tuple(Operator(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in rows.items())


OPERATORS = _table(
    {
        "count": r"\b(how many|how much|how often|how frequently|(?<!\ba )number of|amount of|count of|"
        r"count (?=the|all|how))\b",
        "total": r"\b(total|sum of|altogether|combined|overall)\b",
        "average": r"\b(average|median|mean (?=\w+ of\b)|the mean)\b",
        "share": r"\b(percentages?|per ?cent|ratio|proportion|fraction|what share|which share|difference)\b|(%)",
        "most": r"\b(most|biggest|largest|highest|greatest|top|maximum|max)\b",
        "least": r"(?<!at )\b(least|smallest|lowest|fewest|minimum|min)\b",
        "newest": r"\b(last|latest|newest|most recent(?:ly)?|final)\b",
        "oldest": r"\b(first|oldest|earliest)\b",
        "extreme": r"\b(best|worst|farthest|furthest|eldest|[a-z]{2,}[a-z]est)\b",
        "rank": r"\b(?:the|its|their|his|her) ((?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|"
        r"\d+(?:st|nd|rd|th)))"
        r"\b(?! century| centuries)",
        "order": r"\b((?:sort|order|rank|group)(?:ed)? by|ranked|in order of|ordered|alphabetical(?:ly)?|(?:de|"
        r"a)scending)\b",
        "than": r"\b((?:\w+er|more|less|better|worse)\b[^?!.;]{0,60}? than)\b",
        "which of two": rf"\b{WH}\b[^?]*? (?:is|are|was|were|has|have|had|came|comes|costs?) (?:the )?({COMPARED})\b",
        "bound": rf"\b(at least|at most|at the most|over|under|above|below|within|up to|exactly|as many as|"
        rf"equal to|exceed(?:s|ing)?)"
        rf"(?= (?:the )?{VALUE})",
        "twice": r"\b(twice|more than once|at least once|multiple times|several times)\b",
        "between": r"\b(between)\b",
        "before": r"\b(before|after|prior to)\b",
        "since": rf"\b((?:since|until|till)(?! when)|no later|no earlier|not later)\b(?= (?:\S+ )?(?:\d|{NAME}|"
        rf"{WH}|then|than))",
        "not": r"\b(but not|not|never|cannot|without|unless|lack(?:s|ing)?|no longer)\b|\b\w+(n['’]t)\b",
        "except": r"\b(except(?:ing)?|excluding|exclude|other than|rather than|instead of|apart from|aside from|"
        r"besides|but for)\b",
        "no": r"\b(no one|nobody|none|neither|nor|no(?=\s+\w))\b",
        "each": r"\b(each|per|every)\b(?! se\b| ?cent\b)",
        "both": r"\b(both|either|simultaneously|in common|at the same time)\b",
        "only": r"\b(only|solely|exclusively)\b",
        "same": r"\b(same|also)\b(?! (?:known|called|named|written))",
        "table": r"\b(with their|with its|with his|with her|together with|along with|as well as|"
        r"including (?:their|its)|"
        r"and (?:their|its|his|her))\b",
        "two questions": rf"\b(and)(?: (?:also|then|in|of|from|by|for|until|since|at|on|to|with))? "
        rf"(?!do (?:in|at|near|around|there|when|with)\b)(?:{WH}|{AUX})\b",
        "two names": rf"{NAME}(?:['’]s?)?,? (and|or|nor|but|versus|vs\.?) {THE}(?:{NAME}|also\b)",
        "whether": r"\b(whether|true or false|yes or no|right or wrong|isn['’]t it)\b|"
        r"\b(?:tell|know|say|wonder|wondering|ask|check|see|sure|find out|me)\s+(if)\b",
        "starts with": r"\b((?:start|begin|end)(?:s|ing)? with|contain(?:s|ing)? the (?:word|letter|string))\b",
    }
)

# A yes or no is asked by a verb at the beginning of a sentence, behind words that only greet.
YES_NO = re.compile(
    rf"(?:^|(?<!{NAME})[.!?:;—–])\s*(?:(?:so|well|and|but|hey|hi|hello|please|okay|ok|now|then|also|or|again|"
    rf"just|actually|true or false)\b[\s,:]*)*"
    rf"({AUX}(?:n['’]t)?)\b(?!['’\s]+(?:list|show|name|give|tell|find)\b)",
    re.IGNORECASE,
)
CHOICE = re.compile(r"\b[a-z]+ or (?!not\b)(?:an? |the )?[a-z]+\W*$")  # "a man or a woman?" is answered by one of them
QUESTION = re.compile(rf"(?:^|[.!?:;—–,]\s)\s*(?:and |so |please )?({WH}|{AUX})\b[^.!?]*\?", re.IGNORECASE)
NUMBER = re.compile(rf"(?<![\w.{NAME}-])[$€£]?(\d[\d,.]*\d|\d)(?:s\b|(?![\w{NAME}-]))")

# Words that end like a superlative and are none.
NO_SUPERLATIVE = frozenset(
    "west forest guest request interest test nest rest chest quest contest protest harvest honest modest invest "
    "arrest suggest digest manifest priest crest pest conquest northwest southwest midwest ingest infest molest "
    "tempest behest bequest detest divest earnest fest jest lest attest retest rainforest inquest unrest headrest "
    "ernest everest forrest skywest seacrest pinterest budapest bucharest reinvest palimpsest zest".split()
)

# What says the same as an operator in the labels of a plan's relations.
ALSO_SAID = {
    "most": "most biggest largest highest greatest top maximum max main chief leading peak",
    "least": "least smallest lowest fewest minimum min",
    "newest": "last latest newest final recent",
    "oldest": "first oldest earliest debut original",
    "than": "most biggest largest highest greatest top",
    "before": "successor predecessor next previous follow precede succeed follows preceded succeeded followed",
    "total": "population",
}

DISCOVERED = "found|discovered|isolated|identified|made|published|released|built|founded|established|described|opened"
KNOWING = (
    r"(?:know|knows|knew|known|remember|recall|tell|told|sure|certain|idea|clue|say|said|find|found|"
    r"figure|understand|help|mind|see|ask)"
)
ANYONE = r"(?:i|we|you|nobody|no one|no-one|none of \w+|anyone|anybody|someone|somebody|one|people|it)"

# Politeness and turns of phrase, covered before an operator is looked for.
HARMLESS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^\s*(?:(?:so|well|and|but|hey|hi|hello|please|okay|ok|now|then|also|again|just|actually)\b[\s,:]*)+(?=\w)",
        r"\bas well as (?:you|i|we)\b|\bas well\b(?! as)",
        # "Can you tell me", "Do you know", "Is it known", "Would you mind telling", "Is there anyone who can say"
        r"\b(?:can|could|would|will) you\b(?: (?:please|kindly|just|also))?(?: \w+)?(?: (?:me|us))?",
        rf"\b{AUX}(?:n['’]t)? (?:there )?{ANYONE}\b(?: \w+){{0,5}}? (?:{KNOWING}|telling|saying|giving|naming|"
        rf"listing|showing|list|name|give|"
        r"show|provide|explain|share|let|look|get|identify|check|heard?|count)\b(?: (?:me|us))?(?: (?:out|up))?",
        # "I do not know", "nobody could tell me so far", "I'm not sure"
        rf"\b(?:i|we|you|nobody|no one|no-one|"
        rf"none of \w+)\b(?:['’]\w+)?(?: (?!{NAME})[\w'’]+){{0,5}}? {KNOWING}\b(?: (?:me|us))?",
        r"\b(?:not (?:quite |so |really |entirely )?(?:sure|certain)|no idea|no clue|dunno|don['’]t know|"
        r"can['’]t remember|"
        r"don['’]t remember|may i|can i|could i|might i|not being an expert)\b",
        r"\b(?:not only|not to mention|no matter|no doubt|no problem|more or less|most likely|"
        r"last but not least|first of all|"
        r"first and foremost|in the first place|at first(?: (?:glance|sight))?|at last|first lady|first name|"
        r"last name|first aid|"
        r"over there|over here|all over|after all|each other|one another|as soon as|as far as|very much|so much|"
        r"too much|as much as|"
        r"every now and then|every time|once more|either way|either one|best regards|best wishes|at best|"
        r"best friend|if not|"
        r"(?:looks?|looked|looking|taken?|takes|took|named|called) after|"
        r"(?:best|most|well)[- ](?:known|famous|remembered)(?: (?:for|as))?|born and raised|live and work|why not|"
        r"no\. ?\d+|day after day|do not worry|don['’]t worry|in the end|to say the least)\b",
        r":[^:?]*\bor (?:something|someone|anything|anyone|somebody|anybody) else\b",
        r"\b(?:found|discovered|published|identified|described|isolated|shown) first\b",
        rf"\bfirst (?=(?:{DISCOVERED}|invented|introduced|created|shown|aired|broadcast|used|seen)\b)",
        r"(?:^|(?<=[.!?:;] ))(?:no|sorry|please|thanks|thank you)(?=[,.!:;])",
    )
)
# A whole clause about the speaker: "I am not a doctor, but …"; one that wants something is no such clause.
SPEAKER = re.compile(
    rf"(?:^|[.!?:;] )((?:i|we|sorry|nobody|no one|not|my)\b(?!['’ ](?:d|would|want|need|look|am looking|"
    rf"m looking|search)\b)"
    rf"[^,:;.!?{NAME}]*[,:;.!?])(?=.*\w)",
    re.IGNORECASE,
)
EVERY_ASKED = re.compile(
    r"(?:^|\b(?:name|list|show|give|find|get|identify|tell me|display|return|me|all|what is|what are|and|"
    r"of)\s)\s*(?:every|each)\b(?!.*\bhow many\b)",
    re.IGNORECASE,
)
MONTHS = frozenset(
    "january february march april may june july august september october november december in on since until by from "
    "before after during between id number".split()
)
# Questions whose answer is a time or a measure, and the words that such an answer may have instead of a digit.
MEASURED = re.compile(
    r"^\W*(?:(?:in|on|since|until|from|by|at|during) )?(when|(?:what|which) (?:year|date|day|month|decade|century)|"
    r"how (?:tall|high|deep|long|wide|heavy|old|far|large|big|fast|expensive))\b",
    re.IGNORECASE,
)
TIMES = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday spring summer autumn winter easter christmas century era age ages period "
    "antiquity daily weekly monthly annually yearly now today never always".split()
)
# Words before a name written like any other word, by which it is told to be one: "films by fincher".
BEFORE_NAME = re.compile(
    r"\b(?:and|or|nor|but|by|with|in|from|of|for|against|than|to|at|near|between|except|without|on|before|"
    r"after) (?:the )?$",
    re.IGNORECASE,
)
NO_NAME = frozenset("same first last most other others one all kind type thing way number".split())
