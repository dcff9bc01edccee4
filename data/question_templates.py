"""Wordings of the demo questions, by topic kind and relation path.

A block starts with `= KIND | PATH`; `~r` walks a relation backwards. Wordings after `--` are kept for the test
split. `{t}` is the topic, `{p}` its possessive, `{a}` it with "a" or "an"; `[one|many]` chooses by the number of answers,
`[1:one|many]` by the number of entities after the first step.
"""

# ruff: noqa: E501  (one wording a line)
from __future__ import annotations

from dataclasses import dataclass

ONE_HOP = """
= country | capital
What is the capital of {t}?
Name the capital city of {t}.
Which city is {p} capital?
capital of {t}
What's the capital of {t} called?
Tell me the capital of {t}.
--
Which city serves as the capital of {t}?
{p} capital city
Give me the name of the capital of {t}.

= capital | ~capital
Which country has {t} as its capital?
{t} is the capital of which country?
Name the country whose capital is {t}.
What country is {t} the capital of?
the country with {t} as its capital
--
Of which country is {t} the capital city?
Whose capital is {t}?
Give the country that has its capital in {t}.

= country | currency
What currency is used in {t}?
Which currency does {t} use?
What is the money of {t} called?
currency of {t}
What do people pay with in {t}?
Name the currency used in {t}.
--
What kind of money do I need in {t}?
{p} currency
Which money is legal tender in {t}?

= currency | ~currency
Which [country or territory uses|countries and territories use] {t}?
Where is {t} used as the currency?
In which [country|countries] can you pay with {t}?
Name [the place|all places] whose currency is {t}.
[country|countries] using {t}
--
Where can I spend {t}?
Whose money is {t}?
List every country or territory that has {t} as its currency.

= country | official_language
What [is|are] the official language[|s] of {t}?
Which language[|s] [has|have] official status in {t}?
official language[|s] of {t}
Name the official language[|s] of {t}.
Which tongue[|s] [is|are] official in {t}?
--
Which language[|s] does {t} recognise as official?
What language[|s] [is|are] officially spoken in {t}?
{p} official language[|s]

= language | ~official_language
In which [country or territory|countries and territories] is {t} an official language?
Where is {t} an official language?
Name [the country or territory|the countries and territories] where {t} has official status.
[country|countries] with {t} as an official language
Which [place has|places have] {t} as an official tongue?
--
Where does {t} count as an official language?
Name every place that has made {t} an official language.
List every country or territory where {t} is official.

= country | borders
Which [country borders|countries border] {t}?
What [is the neighbour|are the neighbours] of {t}?
With whom does {t} share a land border?
Name the neighbouring [country|countries] of {t}.
Which [country is|countries are] next to {t}?
[country|countries] bordering {t}
--
Which [country touches|countries touch] {t} by land?
{p} [neighbour|neighbours]
What [country shares|countries share] a border with {t}?

= country | continent
On which continent is {t}?
What continent does {t} belong to?
Which continent is {t} part of?
continent of {t}
Name the continent where {t} lies.
--
{t} is on which continent?
In what continent would I find {t}?

= country | subregion
In which part of its continent, as the UN divides it, does {t} lie?
What subregion is {t} in?
Which UN subregion does {t} belong to?
Name the geographical subregion of {t}.
subregion of {t}
--
Which subregion counts {t} among its countries?
Into what geographical subregion does the UN put {t}?

= region | ~subregion
Which countries and territories are in {t}?
List the countries and territories of {t}.
Name the countries that belong to the region of {t}.
What countries make up {t}?
countries in {t}
--
Which countries does the region {t} contain?
Give me all countries and territories in {t}.

= country | top_level_domain
What is the internet domain of {t}?
Which top-level domain belongs to {t}?
Name the country code domain of {t}.
internet country code of {t}
What do web addresses from {t} end in?
--
What is {p} top-level domain?
Which web suffix does {t} have?
What ending do websites in {t} use?

= tld | ~top_level_domain
Which country does the internet domain {t} belong to?
Whose top-level domain is {t}?
Which country or territory has the domain {t}?
What country do {t} websites come from?
country for the domain {t}
--
Which country owns {t}?
A website ends in {t}; which country is that?
Name the country behind the web suffix {t}.

= city | country
In which country is {t}?
What country is {t} in?
Which country does {t} belong to?
Name the country where {t} is located.
{t} is a city in which country?
--
What country would I visit to see {t}?
Where in the world is the city of {t}: which country?
country of the city {t}

= city | time_zone
What time zone is {t} in?
Which time zone does {t} use?
In which time zone does {t} lie?
time zone of {t}
Name the time zone of {t}.
--
Which time zone do clocks in {t} follow?
What's {p} time zone?
Tell me the time zone for {t}.

= airport | serves_city
Which city does {t} serve?
What city is {t} the airport of?
Name the city served by {t}.
city served by {t}
For which city is {t} an airport?
--
Which city do you reach by flying to {t}?
{t} is an airport for which city?

= city | ~serves_city
Which airport[|s] [serves|serve] {t}?
What [airport does|airports does] {t} have?
Name the airport[|s] of {t}.
airport[|s] serving {t}
Into which airport[|s] can I fly to get to {t}?
--
Where do planes land in {t}: which airport[|s]?
Which airport[|s] would a traveller to {t} use?
{p} airport[|s]

= element | discovered_by
Who discovered {t}?
By whom was {t} discovered?
Name the discoverer[|s] of {t}.
Who is credited with finding {t}?
discoverer[|s] of {t}
--
Who first found the element {t}?
To whom do we owe the discovery of {t}?
Who gets the credit for discovering {t}?

= person | ~discovered_by
Which element[|s] did {t} discover?
What chemical element[|s] [was|were] discovered by {t}?
Name the element[|s] that {t} found.
element[|s] discovered by {t}
--
{t} is credited with the discovery of which element[|s]?
Which element[|s] do we owe to {t}?

= element | discovered_in
In which [country|countries] was {t} discovered?
Where was {t} discovered?
Name the [country|countries] where {t} was first found.
country of discovery of {t}
What [country was|countries were] the place of discovery of {t}?
--
Which [country|countries] can claim the discovery of {t}?
In what [country|countries] did scientists discover {t}?

= country | ~discovered_in
Which element[|s] [was|were] discovered in {t}?
What chemical element[|s] [was|were] first found in {t}?
Name the element[|s] discovered in {t}.
[element|elements] discovered in {t}
--
Which element[|s] [has|have] {t} as the place of discovery?
List the chemical element[|s] found first in {t}.

= element | element_group
Which group of the periodic table is {t} in?
What group does {t} belong to in the periodic table?
periodic table group of {t}
Name the group of the element {t}.
--
In which column or group of the periodic table do we find {t}?
{t} belongs to which periodic table group?

= element | period
Which period of the periodic table is {t} in?
What period does the element {t} belong to?
periodic table period of {t}
Name the period in which {t} stands in the periodic table.
--
In which row or period of the periodic table do we find {t}?
{t} sits in which period of the periodic table?

= element | element_series
What kind of element is {t}: metal, halogen, noble gas or something else?
Which chemical series does {t} belong to?
Name the series of elements that includes {t}.
chemical series of {t}
--
To which chemical series is {t} assigned?
{t} is counted in which series of chemical elements?

= element | named_after
What is {t} named after?
After whom or what was {t} named?
namesake of the element {t}
Where does the name of the element {t} come from?
--
Who or what gave {t} its name?
In honour of whom or what is the element {t} named?

= element | top_producer
Which [country is|countries are] the largest producer[|s] of {t}?
Name the top [country|countries] producing {t}.
Where is most {t} produced: which countries?
top producing countries of {t}
--
What [country leads|countries lead] the world in producing {t}?
Who produces the most {t}?

= country | ~top_producer
Of which element[|s] is {t} a top producer?
Which chemical element[|s] does {t} produce more of than most countries?
Name the element[|s] of which {t} is a leading producer.
[element|elements] for which {t} is a top producer
--
For which element[|s] is {t} among the largest producers?
Which element[|s] [has|have] {t} among the main producing countries?

= uscity | state
Which US state is {t} in?
What state is the city of {t} in?
Name the state where {t} is located.
In which American state does {t} lie?
US state of {t}
--
{t} is a city in which US state?
Which American state is home to the city of {t}?

= state | ~state
Which [city is|cities are] in the state of {t}?
Name the [city|cities] located in the US state of {t}.
List the [city|cities] in the state of {t}.
[city|cities] in the US state of {t}
--
What [city|cities] does the US state of {t} have?
Which [city lies|cities lie] within the state of {t}?

= tz | utc_offset
What is the standard UTC offset of the time zone {t}?
How far from UTC is the time zone {t} in standard time?
UTC offset of {t}
Give the standard offset from UTC for {t}.
--
How many hours from UTC is {t} without daylight saving?
What offset from UTC does {t} have in standard time?

= series | ~element_series
Which elements are in the {t} series?
Which chemical elements belong to the {t} series?
List every element classed as {a}.
elements of the {t} series
--
What elements count as members of the {t} series?
Give me all elements in the {t} family.
"""

TWO_HOPS = """
= capital | ~capital currency
Which currency is used in the country whose capital is {t}?
What money is used in the country that has {t} as its capital?
What do you pay with in the country of which {t} is the capital?
currency of the country with the capital {t}
Name the currency of the country whose capital city is {t}.
--
The country with {t} as its capital uses which currency?
What is the national money of the country with {t} for a capital?
What is legal tender in the country whose capital is called {t}?

= capital | ~capital official_language
Which language[|s] [is|are] official in the country whose capital is {t}?
What [is|are] the official language[|s] of the country that has {t} as its capital?
official language[|s] of the country with the capital {t}
Name the official tongue[|s] of the country whose capital city is {t}.
--
The country with {t} as its capital has which official language[|s]?
What language[|s] [has|have] official status in the country of which {t} is the capital?

= capital | ~capital borders
Which [country borders|countries border] the country whose capital is {t}?
What [is the neighbour|are the neighbours] of the country that has {t} as its capital?
[neighbour|neighbours] of the country with the capital {t}
Name [the country|all countries] next to the one whose capital is {t}.
--
Which [country shares|countries share] a land border with the country of which {t} is the capital?
The country with {t} as its capital touches which other [country|countries]?

= capital | ~capital top_level_domain
What is the internet domain of the country whose capital is {t}?
Which top-level domain does the country with {t} as its capital have?
web domain of the country whose capital is {t}
Name the country code domain of the country that has {t} as its capital.
--
In what do web addresses end in the country of which {t} is the capital?
Which web suffix belongs to the country with the capital {t}?

= country | borders capital
What [is the capital|are the capitals] of the countries bordering {t}?
Name the capital [city|cities] of {p} neighbours.
Which [city is the capital|cities are the capitals] of the countries next to {t}?
capitals of the countries that border {t}
--
List the capital[|s] of every country sharing a land border with {t}.
Which capitals belong to the neighbours of {t}?

= country | borders currency
Which [currency is|currencies are] used in the countries bordering {t}?
What money do {p} neighbours use?
currencies of the neighbours of {t}
Name the [currency|currencies] of the countries next to {t}.
--
What do people pay with in the countries that share a border with {t}?
If I cross the land border out of {t}, which [currency|currencies] might I need?

= country | borders official_language
Which [language is|languages are] official in the countries bordering {t}?
What [is the official language|are the official languages] of {p} neighbours?
official languages of the neighbours of {t}
Name the official language[|s] of the countries next to {t}.
--
What tongue[|s] [is|are] official in the countries that share a border with {t}?
List the official language[|s] across the countries adjoining {t}.

= country | capital time_zone
What time zone is the capital of {t} in?
Which time zone does {p} capital use?
time zone of the capital of {t}
Name the time zone of the capital city of {t}.
--
Clocks in the capital of {t} follow which time zone?
In which time zone does {p} capital city lie?

= country | capital ~serves_city
Which airport[|s] [serves|serve] the capital of {t}?
Name the airport[|s] of {p} capital.
[airport|airports] serving the capital of {t}
What airport[|s] can I fly to for the capital city of {t}?
--
Where do planes to the capital of {t} land: which airport[|s]?
Which airport[|s] would you use to visit {p} capital city?

= country | currency ~currency
Which other [country or territory uses|countries and territories use] the same currency as {t}?
What other [place shares|places share] {p} currency?
other [place|countries and territories] with the same money as {t}
Name [the other place that pays|all other places that pay] with the currency of {t}.
--
Who else uses the currency of {t}?
Where else can you spend the money of {t}?

= city | country currency
Which currency is used in the country where {t} is located?
What money is used in the country that {t} belongs to?
currency of the country where {t} lies
What do people pay with in the country of the city of {t}?
--
{t} is in a country that uses which currency?
Which currency should I bring to visit the country of {t}?

= city | country official_language
What [is|are] the official language[|s] of the country where {t} is located?
Which language[|s] [is|are] official in the country that {t} belongs to?
official language[|s] of the country of the city {t}
Name the official tongue[|s] of the country where {t} lies.
--
{t} lies in a country with which official language[|s]?
Which official language[|s] does the country containing {t} have?

= city | country capital
What is the capital of the country where {t} is located?
Which city is the capital of the country that {t} belongs to?
capital of the country containing the city {t}
Name the capital of the country in which {t} lies.
--
{t} is a city in a country with which capital?
What is the capital city of the country that includes {t}?

= city | country continent
On which continent is the country where {t} is located?
What continent does the country of the city {t} belong to?
continent of the country that {t} lies in
Name the continent of the country where {t} is found.
--
The country containing {t} is part of which continent?
{t} lies in a country on which continent?

= city | country borders
Which [country borders|countries border] the country where {t} is located?
What [is the neighbour|are the neighbours] of the country that {t} lies in?
[neighbour|neighbours] of the country of the city {t}
Name the [country|countries] next to the one that {t} belongs to.
--
Which [country shares|countries share] a border with the country containing {t}?
{t} lies in a country adjoining which other [country|countries]?

= city | time_zone utc_offset
What is the standard UTC offset of the time zone of {t}?
How far from UTC is {p} time zone in standard time?
UTC offset of the time zone in {t}
Give the standard offset from UTC of the time zone that {t} uses.
--
How many hours from UTC are clocks in {t} in standard time?
By how much does standard time in {t} differ from UTC?

= airport | serves_city country
In which country is the city served by {t}?
What country is the city that {t} serves in?
country of the city served by {t}
Name the country of the city whose airport is {t}.
--
{t} serves a city in which country?
The city you reach through {t} lies in which country?

= uairport | serves_city state
In which US state is the city served by {t}?
What state is the city that {t} serves in?
US state of the city served by {t}
Name the state of the city whose airport is {t}.
--
{t} serves a city in which American state?
The city you reach through {t} lies in which US state?

= airport | serves_city time_zone
What time zone is the city served by {t} in?
Which time zone does the city that {t} serves use?
time zone of the city served by {t}
Name the time zone of the city whose airport is {t}.
--
To which time zone do I set my watch in the city served by {t}?
The city that {t} serves is in what time zone?

= element | discovered_in capital
What is the capital of the country where {t} was discovered?
Name the capital of the country in which {t} was first found.
capital of the country of discovery of {t}
Which city is the capital of the country where scientists discovered {t}?
--
{t} was discovered in a country with which capital?
The discovery of {t} took place in a country: what is its capital?

= element | discovered_in currency
Which currency is used today in the country where {t} was discovered?
What money does the country where {t} was first found use now?
currency of the country of discovery of {t}
Name the present currency of the country in which {t} was discovered.
--
{t} was discovered in a country that now uses which currency?
What do people pay with today where {t} was discovered?

= element | discovered_in official_language
What [is the official language|are the official languages] of the place where {t} was discovered?
Which language[|s] [is|are] official in the country where {t} was first found?
official language[|s] of the country of discovery of {t}
Name the official tongue[|s] of the land in which {t} was discovered.
--
{t} was discovered in a country with which official language[|s]?
Which language[|s] [has|have] official status where {t} was discovered?

= element | discovered_by ~discovered_by
Which other element[|s] did the [1:discoverer|discoverers] of {t} discover?
What other element[|s] [was|were] found by [1:the person|those] who discovered {t}?
other element[|s] by the [1:discoverer|discoverers] of {t}
Name the other element[|s] credited to [1:the discoverer|a discoverer] of {t}.
--
Apart from {t}, which element[|s] did its [1:discoverer|discoverers] find?
Besides {t}, what did [1:the person|the people] who discovered it discover?

= element | element_group ~element_group
Which other elements are in the same group of the periodic table as {t}?
What elements share a periodic table group with {t}?
other elements in the group of {t}
Name the elements that stand in one group with {t} in the periodic table.
--
Which elements appear in the same column of the periodic table as {t}?
Apart from {t}, what elements does its group contain?

= element | element_series ~element_series
Which other elements belong to the same chemical series as {t}?
What elements share a chemical series with {t}?
other members of the chemical series of {t}
Name the elements of the same series as {t}.
--
Apart from {t}, which elements are in its chemical series?
Which elements fall in one chemical series with {t}?

= element | top_producer capital
What are the capitals of the top countries producing {t}?
Name the capital cities of the largest producers of {t}.
capitals of the leading producers of {t}
Which cities are the capitals of the main producing countries of {t}?
--
The biggest producers of {t} have which capitals?
List the capitals of the countries that produce the most {t}.

= element | top_producer currency
Which currencies are used in the top countries producing {t}?
What money do the largest producers of {t} use?
currencies of the leading producers of {t}
Name the currencies of the main producing countries of {t}.
--
What do people pay with in the countries that produce the most {t}?
List the currencies of the biggest producers of {t}.

= person | ~discovered_by element_series
To which chemical series [1:does the element|do the elements] discovered by {t} belong?
Which chemical series [1:includes the element|include the elements] found by {t}?
chemical series of the [1:element|elements] discovered by {t}
Name the chemical series of what {t} discovered.
--
{t} discovered [1:a member|members] of which chemical series?
Which chemical series [has|have] members found by {t}?

= person | ~discovered_by discovered_in
In which [country|countries] [1:was the element|were the elements] credited to {t} discovered?
Where [1:was the element|were the elements] found by {t} discovered: which [country|countries]?
[country|countries] of discovery of the [1:element|elements] found by {t}
Name the [country|countries] of discovery of the [1:element|elements] credited to {t}.
--
Which [country|countries] can claim the [1:element|elements] that {t} discovered?
The [1:element|elements] found by {t} [1:was|were] discovered in what [country|countries]?

= currency | ~currency capital
What [is the capital|are the capitals] of the countries using {t}?
Name the capital [city|cities] of the countries and territories that use {t}.
capitals of the countries paying with {t}
Which [capital belongs|capitals belong] to countries whose currency is {t}?
--
In which capital[|s] could I pay with {t} as the national currency?
{t} is the money of countries with which capital[|s]?

= currency | ~currency official_language
What [is the official language|are the official languages] where {t} is used?
Which language[|s] [is|are] official in the countries that use {t}?
official languages where people pay with {t}
Name the official language[|s] of places whose currency is {t}.
--
{t} is the currency of places with which official language[|s]?
Where people spend {t}, what language[|s] [is|are] official?

= language | ~official_language capital
What [is the capital|are the capitals] of the countries and territories where {t} is an official language?
Name the capital[|s] of the places with {t} as an official language.
capitals of countries where {t} is official
Which [city is the capital|cities are capitals] of places that have {t} as an official language?
--
{t} is official in places with which capital[|s]?
List the capital[|s] of every country where {t} has official status.

= language | ~official_language currency
Which [currency is|currencies are] used where {t} is an official language?
What money is used in the countries with {t} as an official language?
currencies of countries where {t} is official
Name the [currency|currencies] of the places that have {t} as an official language.
--
What can I pay with in the countries where {t} has official status?
{t} is official in places using which [currency|currencies]?

= tld | ~top_level_domain capital
What is the capital of the country with the internet domain {t}?
Which city is the capital of the country that owns the domain {t}?
capital of the country whose web domain is {t}
Name the capital of the place with the top-level domain {t}.
--
Websites end in {t} in a country with what capital?
The country behind the web suffix {t} has which capital?

= tld | ~top_level_domain currency
Which currency is used in the country with the internet domain {t}?
What money does the country that owns the domain {t} use?
currency of the country whose web domain is {t}
Name the currency of the place with the top-level domain {t}.
--
Websites end in {t} in a country with what currency?
What do people pay with in the country behind the web suffix {t}?
"""

THREE_HOPS = """
= element | discovered_in capital time_zone
What time zone is the capital of the country where {t} was discovered in?
Which time zone[|s] [is|are] used in the capital of the country in which {t} was first found?
time zone of the capital of the country of discovery of {t}
Name the time zone[|s] of the capital of the country where {t} was discovered.
--
{t} was discovered in a country whose capital follows which time zone?
Clocks in the capital of the country that saw the discovery of {t} run on what time zone?

= airport | serves_city country currency
Which currency is used in the country of the city served by {t}?
What money is used in the country where the city served by {t} lies?
currency of the country of the city that {t} serves
What do people pay with in the country of the city whose airport is {t}?
--
{t} serves a city in a country with which currency?
Flying to the city served by {t}, which currency does its country use?

= airport | serves_city country official_language
Which language[|s] [is|are] official in the country of the city served by {t}?
What [is|are] the official language[|s] of the country where the city served by {t} lies?
official language[|s] of the country of the city that {t} serves
Name the official tongue[|s] of the country of the city whose airport is {t}.
--
{t} serves a city in a country with which official language[|s]?
Flying to the city served by {t}, what [is|are] the official language[|s] of its country?

= airport | serves_city country capital
What is the capital of the country of the city served by {t}?
Which city is the capital of the country where the city served by {t} lies?
capital of the country of the city that {t} serves
Name the capital of the country of the city whose airport is {t}.
--
{t} serves a city in a country with which capital?
The city you reach through {t} is in a country with what capital?

= airport | serves_city time_zone utc_offset
What is the standard UTC offset of the time zone of the city served by {t}?
How far from UTC is standard time in the city that {t} serves?
UTC offset of the time zone of the city served by {t}
Give the standard offset from UTC for the city whose airport is {t}.
--
{t} serves a city with which standard UTC offset?
How many hours from UTC is the city you reach through {t} in standard time?

= city | country borders capital
What [is the capital|are the capitals] of the countries bordering the country where {t} is located?
Name the capital[|s] of the neighbours of the country that {t} belongs to.
capitals of the neighbours of the country of the city {t}
Which [city is the capital|cities are the capitals] of the countries next to the one that {t} lies in?
--
{t} is in a country whose neighbours have which capital[|s]?
List the capital[|s] of the countries that share a border with the country containing {t}.

= city | country capital time_zone
What time zone is the capital of the country where {t} is located in?
Which time zone does the capital of the country that {t} belongs to use?
time zone of the capital of the country of the city {t}
Name the time zone of the capital of the country in which {t} lies.
--
{t} is in a country whose capital follows which time zone?
Clocks in the capital of the country of {t} run on what time zone?

= capital | ~capital borders currency
Which [currency is|currencies are] used in the neighbours of the country whose capital is {t}?
What money is used in the countries bordering the one with {t} as its capital?
currencies of the neighbours of the country with the capital {t}
Name the [currency|currencies] of the countries next to the one whose capital is {t}.
--
What do people pay with in countries that adjoin the country of which {t} is the capital?
{t} is the capital of a country whose neighbours use which [currency|currencies]?

= capital | ~capital borders capital
What [is the capital|are the capitals] of the countries bordering the one whose capital is {t}?
Name the capital[|s] of the neighbours of the country that has {t} as its capital.
capitals of the neighbours of the country with the capital {t}
Which [city is the capital|cities are the capitals] of countries next to the one with {t} as its capital?
--
{t} is the capital of a country whose neighbours have which capital[|s]?
List the capital[|s] of every country that touches the country of which {t} is the capital.

= capital | ~capital borders official_language
Which [language is|languages are] official in the neighbours of the country whose capital is {t}?
What [is the official language|are the official languages] of the countries bordering the one with {t} as its capital?
official languages of the neighbours of the country with the capital {t}
Name the official tongue[|s] of the countries next to the one whose capital is {t}.
--
{t} is the capital of a country whose neighbours have which official language[|s]?
List the official language[|s] across the countries adjoining the one whose capital city is {t}.

= country | capital time_zone utc_offset
What is the standard UTC offset of the time zone of {p} capital?
How far from UTC is standard time in the capital of {t}?
UTC offset of the time zone of the capital of {t}
Give the standard offset from UTC for the capital city of {t}.
--
How many hours from UTC is the capital of {t} in standard time?
By how much does standard time in {p} capital differ from UTC?

= country | borders capital time_zone
Which time zone[|s] [is|are] used in the capitals of the countries bordering {t}?
What time zone[|s] [is|are] the capitals of {p} neighbours in?
time zones of the capitals of the neighbours of {t}
Name the time zone[|s] of the capital cities of the countries next to {t}.
--
Clocks in the capitals of the countries that share a border with {t} follow which time zone[|s]?
List the time zone[|s] of the capitals of all neighbours of {t}.

= person | ~discovered_by discovered_in capital
What is the capital of the country where the [1:element|elements] found by {t} [1:was|were] discovered?
Name the capital of the country of discovery of the [1:element|elements] credited to {t}.
capital of the country where the [1:element|elements] of {t} [1:was|were] discovered
Which city is the capital of the country that can claim the [1:element|elements] {t} discovered?
--
The [1:element|elements] found by {t} [1:was|were] discovered in a country with which capital?
{t} is credited with [1:an element|elements] discovered in a country with what capital?

= person | ~discovered_by discovered_in currency
Which currency is used today in the country where the [1:element|elements] found by {t} [1:was|were] discovered?
Name the present currency of the country of discovery of the [1:element|elements] credited to {t}.
currency of the country where the [1:element|elements] of {t} [1:was|were] discovered
What do people now pay with in the country where the [1:element|elements] credited to {t} [1:was|were] discovered?
--
The [1:element|elements] found by {t} [1:was|were] discovered in a country that now uses which currency?
What money is used today where the [1:element|elements] credited to {t} [1:was|were] discovered?

= tld | ~top_level_domain capital time_zone
What time zone is the capital of the country with the internet domain {t} in?
Which time zone does the capital of the country that owns the domain {t} use?
time zone of the capital of the country whose web domain is {t}
Name the time zone of the capital of the country with the top-level domain {t}.
--
Websites end in {t} in a country whose capital follows what time zone?
Clocks in the capital of the country behind the web suffix {t} run on which time zone?

= tld | ~top_level_domain borders capital
What [is the capital|are the capitals] of the countries bordering the one with the internet domain {t}?
Name the capital[|s] of the neighbours of the country that owns the domain {t}.
capitals of the neighbours of the country whose web domain is {t}
Which [city is the capital|cities are the capitals] of countries next to the one with the top-level domain {t}?
--
Websites end in {t} in a country whose neighbours have what capital[|s]?
List the capital[|s] of every country that touches the country behind the web suffix {t}.
"""


@dataclass(frozen=True)
class PathType:
    """A kind of topic, a relation path, and its wordings for every split and for the test split only."""

    kind: str
    path: tuple[str, ...]
    shared: tuple[str, ...]
    test_only: tuple[str, ...]

    @property
    def name(self) -> str:
        """Readable name of the type."""
        return f"{self.kind}: {' '.join(self.path)}"


def path_types() -> list[PathType]:
    """All path types, parsed from the texts above."""
    found = []
    for block in "\n".join((ONE_HOP, TWO_HOPS, THREE_HOPS)).split("\n= ")[1:]:
        head, *lines = (line.strip() for line in block.strip().splitlines())
        kind, path = (part.strip() for part in head.split("|"))
        cut = lines.index("--")
        found.append(PathType(kind, tuple(path.split()), tuple(lines[:cut]), tuple(lines[cut + 1 :])))
    return found
