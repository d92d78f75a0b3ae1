"""How questions that go on from another begin, end and point back, a record for each language.

Only such words as rarely stand in a question of its own. Everything is case-folded but the polite pointers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FollowupWords:
    """How questions of one language go on from another."""

    beginnings: tuple[str, ...] = ()
    """How a question begins that goes on from the one before; a space belongs to it where words have spaces."""
    endings: tuple[str, ...] = ()
    pointers: frozenset[str] = frozenset()
    """Words that point at something said before."""
    articles: frozenset[str] = frozenset()
    """Pointers that are articles before another word, unless it is the last."""
    polite: frozenset[str] = frozenset()
    """Pointers that mean the one who is asked if they are written with a capital."""
    announcer: str = ""
    """A pronoun that may announce a clause instead of pointing back."""
    clause_beginnings: frozenset[str] = frozenset()
    """How such a clause begins."""
    joints: frozenset[str] = frozenset()
    """Words that join one question to another."""
    determiners: frozenset[str] = frozenset()
    """Words before a noun; none in a language where a noun may be named without one."""
    idle: frozenset[str] = frozenset()
    """Words without a topic of their own."""
    question_words: frozenset[str] = frozenset()
    """Question words that `question_terms` keeps where a question has nothing else."""


def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())


FOLLOWUP_WORDS = {
    "da": FollowupWords(
        beginnings=("og ", "men ", "hvad med "),
        pointers=_split("den det de dem han hun hans hendes deres dens dets"),
        articles=_split("den det de"),
        joints=_split("og eller men"),
        idle=_split("er var bliver i på til af for med en et den der har kan skal"),
        question_words=_split("hvorfor hvornår hvordan hvor hvem hvad"),
    ),
    "de": FollowupWords(
        beginnings=("und ", "aber ", "was ist mit ", "wie sieht es "),
        pointers=_split(
            "er sie es ihn ihm ihnen ihr ihre ihrer ihren ihrem sein seine seiner seinen seinem dessen deren"
            " davon damit dafür daran darüber dabei dazu dort"
        ),
        polite=_split("Sie Ihnen Ihr Ihre Ihrer Ihren Ihrem"),
        announcer="es",
        clause_beginnings=_split("zu dass ob wenn"),
        joints=_split("und oder aber"),
        determiners=_split(
            "der die das den dem des ein eine einen einem einer eines mein meine meinen unser unsere unseren"
        ),
        idle=_split("ist sind war waren im in am an auf zu für mit der die das ein eine hat haben kann"),
        question_words=_split("warum wann wie wo wer was wieso"),
    ),
    "en": FollowupWords(
        beginnings=("and ", "but ", "or ", "also ", "what about ", "how about ", "then ", "same for "),
        endings=(" there",),
        pointers=_split("it its they them their theirs he him his she her hers"),
        announcer="it",
        clause_beginnings=_split("to that when whether who if for from"),
        joints=_split("and or but"),
        determiners=_split("the a an my our your"),
        idle=_split(
            "is are was were be been in on at to of for with the a an has have had can could would should will from by"
        ),
        question_words=_split("why when how where who what which so"),
    ),
    "es": FollowupWords(
        beginnings=("y ", "¿y ", "pero ", "¿pero ", "qué hay de ", "¿qué hay de "),
        pointers=_split("él ella ello ellos ellas eso esa ese esos esas su sus allí ahí"),
        joints=_split("y e o u pero"),
        determiners=_split("el la los las un una unos unas del al mi nuestro nuestra"),
        idle=_split("es son fue en el la los las de del a para con un una ha"),
        question_words=_split("por qué cuándo cómo dónde quién"),
    ),
    "fr": FollowupWords(
        beginnings=("et ", "mais ", "qu'en est-il "),
        pointers=_split("il elle ils elles cela ça celui celle ceux leur leurs son sa ses"),
        joints=_split("et ou mais"),
        determiners=_split("le la les l un une des du au aux d mon ma mes notre nos"),
        idle=_split("est sont était en le la les de du des à pour avec un une a ont"),
        question_words=_split("pourquoi quand comment où qui"),
    ),
    "it": FollowupWords(
        beginnings=("e ", "ma ", "che ne "),
        pointers=_split("esso essa loro quello quella ciò suo sua"),
        joints=_split("e ed o ma"),
        determiners=_split("il lo la i gli le l un uno una del dello della dei degli delle dell al alla nel nella"),
        idle=_split("è sono era in il la i le di del a per con un una ha"),
        question_words=_split("perché quando come dove chi"),
    ),
    "ja": FollowupWords(
        beginnings=(
            "では",
            "それで",
            "じゃあ",
            "その",
            "それは",
            "それを",
            "それに",
            "これは",
            "これを",
            "これに",
            "この",
        ),
        endings=("って",),
    ),
    "ko": FollowupWords(
        beginnings=("그럼", "그러면", "그리고", "그것", "그는", "그의", "그녀", "그 ", "거기"),
        endings=("는요", "은요", "그건"),
    ),
    "nl": FollowupWords(
        beginnings=("en ", "maar ", "hoe zit het "),
        pointers=_split("hij zij het hem hun ervan daarvan zijn haar daar"),
        articles=_split("het"),
        joints=_split("en of maar"),
        determiners=_split("de het een mijn ons onze"),
        idle=_split("is zijn was waren in op te van voor met de het een heeft"),
        question_words=_split("waarom wanneer hoe waar wie wat"),
    ),
    "no": FollowupWords(
        beginnings=("og ", "men ", "hva med "),
        pointers=_split("den det de dem han hun hans hennes deres"),
        articles=_split("den det de"),
        joints=_split("og eller men"),
        idle=_split("er var i på til av for med en et den har kan skal"),
        question_words=_split("hvorfor når hvordan hvor hvem hva"),
    ),
    "pt": FollowupWords(
        beginnings=("e ", "mas ", "que tal "),
        pointers=_split("ele ela eles elas isso aquilo seu sua seus suas"),
        joints=_split("e ou mas"),
        determiners=_split("o a os as um uma do da dos das no na ao meu minha nosso nossa"),
        idle=_split("é são foi em o a os as de do da para com um uma tem"),
        question_words=_split("por que quando como onde quem"),
    ),
    "ru": FollowupWords(
        beginnings=("а ", "и ", "но "),
        pointers=_split("он она оно они его её ее их ему ей им это этого этом там"),
        joints=_split("и или а но"),
        idle=_split("в на с к у о по был была были есть"),
        question_words=_split("почему когда как где кто что"),
    ),
    "sv": FollowupWords(
        beginnings=("och ", "men ", "hur är det med "),
        pointers=_split("den det de dem han hon hans hennes deras"),
        articles=_split("den det de"),
        joints=_split("och eller men"),
        idle=_split("är var i på till av för med en ett den har kan ska"),
        question_words=_split("varför när hur var vem vad"),
    ),
    "zh": FollowupWords(
        beginnings=("那么", "那麼", "那,", "那，", "还有", "還有", "它", "他", "她"),
        endings=("呢",),
    ),
}
"""The words of each language, by its ISO 639-1 code."""

NO_WORDS = FollowupWords()
"""What stands for the words of every other language."""
