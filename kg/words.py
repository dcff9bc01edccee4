"""English words that stand in questions and are no misspelt names: an own list, looked at only where names are fuzzy.

Words of the graph at hand (its relations and types) are treated alike by `kg.spelling`. Other languages have no list:
there a word counts as known if the graph's names or relations have it.
"""

from __future__ import annotations

# Words that carry no name on their own: a question consists mostly of them.
STOP_WORDS = frozenset(
    "a about after all also an and any are as at be been before but by can could did do does for from get give had "
    "has have he her him his how i if in into is it its list many may me more most much my name named no not now of "
    "off on one only or other our out over please she show so some such tell than that the their them then there "
    "these they this those to under up us was we were what whats when where which while who whom whose why will "
    "with would you your find used use using".split()
)

# No misspelt names.
COMMON_WORDS = frozenset(
    """
    able above accept access according account achieve across action active activity actor actress actual add
    address admit adult advance advice affect afford afraid african again against age aged agency agent ago agree
    air aircraft airline airplane airport album alike alive allow almost alone along alphabet already although
    always amount ancient angry animal announce annual another answer anybody anyone anything anywhere apart
    apartment appear apple apply appoint area argue arise arm army around arrange arrival arrive art article artist
    ask asleep assist associate atom attack attempt attend author automatic autumn available average avoid award
    aware away baby back background bad bag ball band bank base baseball basic basis basketball battle beach bear
    beat beautiful beauty became because become bed bedroom began begin begun behind being belief believe belong
    below beside best better between beyond big bigger biggest bike bill bird birth birthday bit black block blood
    blue board boat body bone book border born borrow boss both bottom bought box boy boyfriend branch brand bread
    break breakfast bridge brief bright bring broad broke broken brother brought brown budget build built burn bus
    business busy buy buyer calendar call came camera camp cancel cancer candidate capital car card care career
    carry case cash cast castle cat catch category cause cell cent center central centre century certain certificate
    chain chair chance change channel chapter character charge cheap cheaper cheapest check chemical chief child
    childhood children choice choose chose chosen church cinema circle citizen city claim class classic clean clear
    climate climb clock close closest cloth cloud club coach coast code coffee cold collect collection college
    colony color colour column combine come comedy comic comment common community company compare compete
    competition complete complex compose composer computer concert condition conference connect connection consider
    consist contact contain content contest continent continue contract control cook cool copy corner correct cost
    cotton cough count country county couple course court cousin cover create creator credit crew crime criminal
    critic criticise cross crowd cry culture cup cure currency current curve custom customer cut daily damage dance
    danger dangerous dark data database date daughter day days dead deal dealer dear death debt decade decide
    decision declare deep deepest defeat defence defend define degree deliver delivery demand department depend
    describe description desert design designer desk detail develop developer development device diagnose diagnosis
    dialect dictionary die died differ difference different difficult digital dinner direct direction director
    disappear discover discovery discuss disease dish display distance distribute district divide division divorce
    doctor document dog doing dollar done door double doubt down download dozen draft drama draw drawn dream dress
    drink drive driver drop drug dry due during duty each eager earlier earliest early earn earth ease east eastern
    easy eat economic economy edge edit edition editor educate education effect effort egg eight either elder elect
    election electric element elephant else employ employee employer employment empty encourage end enemy energy
    engage engine engineer enjoy enough enroll enter entire entitled entity entrance entry environment episode equal
    equipment error escape especially establish estate euro even event ever every everybody everyone everything
    everywhere evidence exact exam examine example except exchange excited exercise exhibit exist exit expand expect
    expensive experience expert explain export express extend extra eye face fact factory fail failure fair faith
    fall false fame family famous fan fantasy far farm farmer fashion fast faster fastest father favor favorite
    favour favourite fear feature federal fee feed feel feet fellow female festival few fewer fewest fiction field
    fifth fight figure file fill film final finance finger finish fire firm first fish fit five fix flag flat fleet
    flew flight flood floor flow flower fly focus follow food foot football force foreign forest forget form formal
    format former fort forward fought foundation founded founder four fourth free freedom fresh friend front fruit
    fuel full fully fun function fund funny further future gain galaxy game garden gas gather gave gender gene
    general generation genre gentle geography german getting giant gift girl girlfriend given gives giving glad
    glass global goal goes going gold gone good government governor grade graduate grand grandchild granddaughter
    grandfather grandmother grandson grant gray great greater greatest green grew grey ground group grow grown
    growth guard guess guest guide guitar guy habit hair half hall hand handle hang happen happy harbor harbour hard
    hate having head headquarter health healthy hear heard heart heat heavier heaviest heavy height held hello help
    here hero hers herself hide high higher highest highway hill himself hire historic historical history hit hobby
    hold hole holiday home honest honor honour hope horror horse hospital host hot hotel hour house household
    however huge human hundred hungry hunt hurt husband ice idea identify ill illness image imagine immediate impact
    import importance important impossible improve inch include income increase independence independent indicate
    individual industry influence inform information ingredient inhabitant inherit initial injury inside instance
    instead institute institution instrument insurance intend interest international internet interview introduce
    invent invention inventor invest investor invite invoice involve iron island issue item itself job jobs join
    joint joke journal journalist journey judge jump just justice keep kept key kick kid kids kill killer kilometer
    kilometre kind king kingdom kiss kitchen knew knife knock know knowledge known lady laid lake lamp land
    landlocked language large larger largest laser last late later latest laugh launch law lawyer lay lead leader
    league learn least leave led left leg legal length less lesson let letter level library licence license lie life
    lifetime light like limit line link liquid listed listen lists literature little live loan local locate location
    lock long longer longest look lord lose loss lost lot lots loud love lover low lower lowest luck lucky lunch
    machine made magazine mail main major majority make maker male man manage manager manner manufacture
    manufacturer map march mark market marriage married marry mass master match material mathematics matter maximum
    mayor meal mean measure meat media median medical medicine medium meet member membership memory men mention
    message met metal meter method metre mid middle might mile military milk million mind mine mineral minimum
    minister minor minute miss mission mistake mixed model modern moment money month moon moral morning mostly
    mother motor mount mountain mouse mouth move movement movie murder museum music musical musician mutual myself
    mystery nation national nationality native natural nature near nearby nearest necessary neck need neighbor
    neighbour neither nephew network never new newer newest news newspaper next nice nickname niece night nine
    nobody noise nominate nomination none noon nor normal north northern northernmost nose note nothing notice novel
    number nurse object observe obtain occupation occur occurred ocean offer office officer official often oil old
    older oldest once ones onto open opera operate operation operator opinion opponent opposite option orange order
    ordinary organ organisation organise organization organize origin original originate others outside overall own
    owner owns package page paid pain paint painter paintings pair palace pale pants paper parent park parliament
    part participant participate particular partner party pass passenger past path patient pay payment peace peak
    people per percent percentage perfect perform performance performer perhaps period permanent permit person
    personal pet phone photo photograph phrase physical piano pick picture piece pilot pink place plain plan plane
    planet planned plant plastic play player pleasant pleased plenty plot poem poet point poison police policy
    political politician politics pool poor popular popularity population populous port portrait position positive
    possess possible post poster pound power powerful practice predecessor prefer pregnant prepare present president
    press pressure pretty prevent previous price priest prime prince princess principal print prison private prize
    probably problem process produce producer product production profession professional professor profile profit
    program programme progress project promise promote proper property protect protein prove provide province public
    publication publish publisher pull purchase pure purple purpose push put quality quarter queen question quick
    quiet quite race radio rail railway rain raise ran range rank rare rate rather ratings ratio reach read reader
    ready real reality realize reason receive recent recipe recognise record red reduce refer referred refuse region
    register regular reign relate relation relationship relative release religion religious remain remember remote
    remove rent repair repeat replace reply report represent republic request require research researcher reserve
    residence resident resource respect respond response responsible rest restaurant result retire return review
    rice rich richest ride right ring rise river road rock role roof room root rough round route royal rule ruler
    run running runs rural sad safe said sail salary sale same sand sat saw say says scale scene schedule school
    science scientific scientist score screen screenwriter script scriptwriter sea search season seat second secret
    secretary section sector see seed seem seen select sell seller send senior sense sent sentence separate sequel
    series serious serve service set sets setting settle seven several sex shape share sharp sheet shelf ship
    shipped shipper shipping shirt shoe shoot shop shore short shorter shortest shot should shoulder shout showed
    shown shows shut sibling sick side sign silent silver similar simple simply since sing singer single sister sit
    site situated situation six size skill skin sky sleep slow small smaller smallest smart smell smile smoke smooth
    snow social society soft software soil sold soldier solid solution solve somebody someone something sometimes
    somewhere son song sons soon sort sound soundtrack source south southern space speak speaker special species
    specific speech speed spell spend spent spoke spoken sport spouse spread spring square stadium staff stage stamp
    stand standard star starred starring start state station statistic status stay step still stock stone stood stop
    stopped store story straight strange stream street strength strong stronger strongest structure student studied
    studio study style subject succeed success successful successor sudden suffer sugar suggest suit summer sun
    supplied supplier supply support sure surface surgery surname surprise surround survive suspect sweet swim
    symbol symptom system table take taken talk tall taller tallest target task taste taught tax tea teach teacher
    team tear technology television telling ten tend term territory test text thank theater theatre theme themselves
    theory therapy thick thin thing think third thirty thought thousand threat three threw thriller through
    throughout throw thus ticket tie tied time title today together tomorrow tongue tonight tonne tons took tool top
    topic total touch tour tourist toward tower town track trade tradition traditional traffic trail train transfer
    transferred transport travel travelled treat treatment treaty tree trial tribe trip trophy trouble truck true
    trust truth try turn twelve twenty twice twin two type typical uncle understand union unique unit unite universe
    university unless until upon upper urban usage user usual valid valley value variety various vast vehicle
    version very victim video view village violence visit visitor voice volcano volume vote voter wage wait walk
    wall want war warm warn wars wash waste watch water wave way ways weak wealth weapon wear weather website
    wedding week weigh weight welcome well went west western wet whatever wheel whether white whole wide widest wife
    wild win wind window wine winner winning wins winter wish within without witness wives woman women won wonder
    wood wooden word work worker world worldwide worse worst worth wound write writer written wrong wrote yard year
    yellow yes yesterday yet young younger youngest yours yourself youth zero zone
    """.split()
)

DATE_WORDS = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday".split()
)
