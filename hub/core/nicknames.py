"""Which given names people use for one another, English first.

Many to many: ``chris`` may be a Christopher or a Christine, so a name stands for a *set* and two
names are related when their sets meet; choosing one canonical form would lose half of the cases.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

_TABLE: Final = """
abigail abby abbie gail
abraham abe bram
adelaide addie della heidi
agnes aggie nessie
albert al bert bertie
alexander alex alec alek lex sandy sasha xander zander sander alistair
alexandra alex alexa lexi lexie sandra sandy sasha allie
alfred alf alfie fred freddie
alice ally allie lissie
alison ali ally allie
amanda mandy manda
amelia amy millie mia melia
andrea andie drea
andrew andy drew
angela angie ange
anita nita
ann anna anne annie annette nan nancy
anthony tony ant anton antony
antonia toni tonia
antonio tony toni
arabella bella
archibald archie
arthur art artie
augustus gus august
barbara barb babs barbie
bartholomew bart
beatrice bea bee trixie
belinda bel linda
benjamin ben benny benji
bernadette bernie
bernard bernie
bethany beth
bradley brad
brandon bran
brenda bren
brendan bren
bridget bridie biddy
brittany britt
caleb cal
calvin cal
cameron cam
carol carrie caz
caroline carol carrie caro lina
cassandra cass cassie sandra
catherine kate katie kathy cathy cath kat kay kit kitty trina katherine kathryn catharine kathleen
cecilia cecily celia cissy
charles charlie chuck chas chaz
charlotte charlie lottie lotte char
chester chet
christian chris kit
christina chris chrissie chrissy tina christie kristina
christine chris chrissie chrissy tina christie kristine
christopher chris kit topher kris
clara claire
clarence clarrie
clifford cliff
clinton clint
colleen coll
constance connie
cornelius con neil
courtney court
crystal chris
curtis curt
cynthia cindy
daniel dan danny
danielle dani danny
david dave davey davy dai
deborah deb debbie debra
denise dee
dennis den denny
diana di dee
dominic dom nic nick
dominique nikki
donald don donnie
donna dee
dorothy dot dottie dolly dora thea
douglas doug dougie
duncan dunc
edmund ed eddie ned ted
eduardo ed eddie
edward ed eddie ned ted teddy
edwin ed eddie
eileen ellie
eleanor ellie nell nellie nora ella lenore elinor
elijah eli lige
elizabeth liz lizzie lizzy beth betty bette betsy bess bessie
elizabeth eliza elsie libby lisa liza lilibet elisabeth elise
ellen ellie nell nellie
emily em emmy emmie millie
emma em emmy
erica ricki rikki
eric rick rikki erik
ernest ernie
esther essie hester
eugene gene
eugenia genie
eva eve evie
evelyn eve evie lyn
ezekiel zeke
ezra ez
felicity flick fliss
fernando fern nando
florence flo flossie
frances fran frankie francie fanny
francis frank frankie fran
francisco frank paco pancho cisco
franklin frank frankie
frederick fred freddie freddy fritz rick fredrick
gabriel gabe
gabrielle gabby gabi gaby elle
gareth gary gaz
gary gaz gazza
genevieve gen jenny viv
geoffrey geoff jeff jeffrey
george georgie
georgia georgie
georgina georgie gina
gerald gerry jerry
geraldine gerry geri
gerard gerry jerry
gilbert gil bert
gordon gord
grace gracie
graham gra
gregory greg gregg
gretchen greta
guillermo memo
gwendolyn gwen wendy
hannah nan
harold harry hal
harriet hattie harry
harrison harry
hazel haze
heather hettie
hector heck
helen nell nellie lena ellen
helena lena nell
henrietta etta hetty hattie
henry harry hank hal
herbert herb bert bertie
howard howie
hubert bert hugh
humphrey hum
ian iain
ignatius iggy
imogen immy
irene rene renie
isaac ike zac
isabel izzy bella belle isobel isabelle isabella
isabella izzy bella belle isabel
isabelle izzy bella belle isabel
isaiah ike zay
jack jackie
jacob jake jay coby
jacqueline jackie jacqui
james jim jimmy jamie jem jay
janet jan
janice jan
jasmine jas jazz
jason jay jase
jean jeannie
jennifer jen jenny jenna jenni
jeremiah jerry jem
jeremy jem jerry jez
jerome jerry
jessica jess jessie
jesus chuy
jillian jill
jill gill
gillian gill jill
joan joanie
joanna jo joanne anna
joanne jo joanna anne
jocelyn joss joy
john jack johnny jon jock ian
johnathan john johnny jon jonathan
jonathan jon jonny nathan john
jose pepe joe
joseph joe joey jos
josephine jo josie fifi
joshua josh
joyce joy
judith judy jude judi
julia julie jules
julian jules
juliana julie jules ana
julie jules
juliet julie jules
justin jus
karen kaz
katelyn kate katie
katrina kat trina katie
kenneth ken kenny
kevin kev
kimberly kim kimmy kimberley
kristen kris kristin
kristin kris kristen
kyle ky
lachlan lachie lockie
laura laurie lori
lauren laurie ren
laurence larry laurie lawrence
lawrence larry laurie loz laurence
leah lee
leonard leo len lenny
leonardo leo
leroy roy lee
leslie les
lesley les
lewis lew lou
lillian lily lil lilly
lily lil lilly
lincoln linc
linda lin lindy lyn
lionel leo
lorraine lori rainey
louis lou louie
louise lou lulu
lucas luke luc
lucille lucy lou
lucinda lucy cindy
lucy lu
luke lucas
luther lou
lydia liddy
lynette lyn
mackenzie mac kenzie
madeline maddie maddy madeleine
madeleine maddie maddy
madison maddie maddy
malcolm mal
marcus marc mark
margaret maggie meg peggy peg marge margie greta rita daisy madge megan margot
maria ria
marianne mary anne
marilyn mary lyn
marjorie marge margie
mark marc marcus
marlene marly
martha marty mattie
martin marty
martina tina
marvin marv
mary molly polly mae may mamie
matilda tilly tilda mattie
matthew matt matty
maureen mo reenie
maurice mo morrie
maximilian max
maxwell max
megan meg
melanie mel
melinda mel mindy linda
melissa mel lissa missy
mercedes sadie
meredith merry
michael mike mick micky mickey mitch mikey
michelle shell shelly chelle micki
miguel mike
mildred millie
millicent millie
miranda mandy randy mira
miriam mimi mim
mitchell mitch
mohammed mo mohamed muhammad mohammad
mohamed mo mohammed muhammad mohammad
muhammad mo mohammed mohamed mohammad
mohammad mo mohammed mohamed muhammad
monica mon
morgan mo
morris morrie
nancy nan
naomi nomi
natalie nat
natasha nat tasha
nathan nat nate
nathaniel nat nate nathan
neville nev
nicholas nick nicky nico nic nicolas
nicole nikki nicky nic cole
nigel nige
noah no
norman norm
olive ollie livvy
oliver ollie noll
olivia liv livvy ollie livia
oscar ozzie
oswald ozzie oz
owen owie
pamela pam
patricia pat patty trish tricia patsy patti
patrick pat paddy rick
paul paulie
paula polly
pauline polly paula
penelope pen penny
percival percy
peter pete
philip phil pip phillip
phillip phil pip philip
philippa pip pippa
phoebe fee
phyllis phyl
priscilla cilla prissy
prudence pru prue
rachel rach shelly rae
ralph ralphie
randall randy
raymond ray
rebecca becky bec becca beck
regina gina reggie
reginald reg reggie
rene renee
rhonda ron ronnie
ricardo rick ricky
richard rick ricky rich richie dick
robert rob bob bobby robbie bert
roberta bobbie robbie
roberto rob bob
robin rob
roderick rod roddy rick
rodney rod
roger rodge
roland roly rollo
ronald ron ronnie
rosalind ros roz
rosanne rose anne
rose rosie
rosemary rose rosie romy
roxanne roxy
russell russ rusty
ruth ruthie
ryan ry
sabrina bree
sally sal
samantha sam sammy
samuel sam sammy
sandra sandy
sarah sally sadie sara
scott scotty
sean shaun shawn
sebastian seb bas
shannon shan
sharon shaz shari
shaun sean shawn
shirley shirl
sidney sid
simon si
sophia soph sophie
sophie soph sophia
stanley stan
stella stell
stephanie steph stevie
stephen steve stevie steven
steven steve stevie stephen
stewart stu stuart
stuart stu stewart
susan sue susie suzie suzy
susanna sue susie suzie anna
suzanne sue susie suzie suzy
sydney syd
sylvester sly
sylvia syl
tabitha tabby
tamara tammy tam
tammy tam
tanya tan
teresa terry tess tessa theresa
terence terry
theresa terry tess tessa teresa
thaddeus tad
theodora theo dora
theodore theo ted teddy
thomas tom tommy
tiffany tiff
timothy tim timmy
tobias toby
trevor trev
ursula ursie
valerie val
vanessa nessa van
vernon vern
veronica ronnie vera
victor vic
victoria vicky tori vic vicki
vincent vince vinnie vin
viola vi
violet vi
virginia ginny ginger
vivian viv
vivienne viv
wallace wal wally
walter walt wally wal
warren wazza
wayne wazza
wendy wen
wesley wes
wilfred wilf fred
wilhelmina minnie billie mina
william bill billy will willie willy liam wil
winifred winnie freda
yvonne von
zachary zac zach zack
zoe zo
"""


def _formal_names() -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in _TABLE.split("\n"):
        formal, *short = line.split() or [""]
        for name in (formal, *short):
            found[name].add(formal)
    return {name: frozenset({name} | formals) for name, formals in found.items() if name}


_FORMAL: Final = _formal_names()


def names_behind(given: str) -> frozenset[str]:
    """The given names that ``given`` may stand for, itself included.

    >>> sorted(names_behind("beth"))
    ['beth', 'bethany', 'elizabeth']
    """
    return _FORMAL.get(given) or frozenset({given})


def is_listed(given: str) -> bool:
    """Whether ``given`` is a known name or nickname, and so hardly a slip of another.

    >>> is_listed("mary"), is_listed("mray")
    (True, False)
    """
    return given in _FORMAL
