"""How questions that go on from another begin, end and point back, a record for each language.

Only such words as rarely stand in a question of its own. Everything is case-folded but the polite pointers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NOTHING = re.compile(r"(?!)")


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
    possessives: frozenset[str] = frozenset()
    """Pointers that may mean a noun of their own sentence, in a language that writes nouns with a capital as well."""
    pronouns: frozenset[str] = frozenset()
    """Who asks and who is asked. Some languages write such a word with a capital, which makes no name of it."""
    attached: re.Pattern[str] = _NOTHING
    """Finds a pointer that only its neighbours tell from another word; all pointers, where words have no spaces."""
    unnamed: re.Pattern[str] = _NOTHING
    """Where words have no spaces: what may stand before a pointer and names nothing that it could mean."""
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
        pointers=_split("den det de dem han ham hun hende hans hendes deres dens dets"),
        articles=_split("den det de"),
        pronouns=_split("jeg du i vi de dem deres dig mig os jer jeres min mit mine din dit dine vores"),
        announcer="det",
        clause_beginnings=_split("at der som hvis når"),
        joints=_split("og eller men"),
        idle=_split("er var bliver i på til af for om fra også med et den der har kan skal må vil bør kunne skulle"),
        question_words=_split("hvorfor hvornår hvordan hvor hvem hvad"),
    ),
    "de": FollowupWords(
        beginnings=("und ", "aber ", "was ist mit ", "wie sieht es "),
        pointers=_split(
            "er sie es ihn ihm ihnen ihr ihre ihrer ihren ihrem sein seine seiner seinen seinem dessen deren"
            " davon damit dafür daran darüber dabei dazu dort das dies"
        ),
        articles=_split("das dies"),
        polite=_split("Sie Ihnen Ihr Ihre Ihrer Ihren Ihrem"),
        possessives=_split("ihr ihre ihrer ihren ihrem sein seine seiner seinen seinem dessen deren"),
        pronouns=_split(
            "ich du wir ihr sie mich dich mir dir uns euch ihnen ihre ihrer ihren ihrem mein meine meinen meinem meiner"
            " dein deine deinen deinem deiner unser unsere unseren unserem euer eure euren eurem man"
        ),
        announcer="es",
        clause_beginnings=_split("zu dass ob wenn"),
        joints=_split("und oder aber"),
        determiners=_split(
            "der die das den dem des ein eine einen einem einer eines mein meine meinen unser unsere unseren kein keine"
            " keinen dieser diese dieses diesen diesem"
        ),
        idle=_split(
            "ist sind war waren im in am an auf zu für mit der die das ein eine hat haben kann können könnte könnten"
            " darf dürfen muss müssen soll sollen will möchte wird werden bitte auch"
        ),
        question_words=_split("warum wann wie wo wer was wieso"),
    ),
    "en": FollowupWords(
        beginnings=("and ", "but ", "or ", "also ", "what about ", "how about ", "then ", "same for "),
        endings=(" there", " this", " that", " these", " those"),
        pointers=_split("it its they them their theirs he him his she her hers"),
        pronouns=_split("i we you me my mine our ours your yours myself"),
        announcer="it",
        clause_beginnings=_split("to that when whether who if for from"),
        joints=_split("and or but"),
        determiners=_split("the a an my our your"),
        idle=_split(
            "is are was were be been in on at to of for with the a an has have had can could would should will from by"
            " may might must shall if please"
        ),
        question_words=_split("why when how where who what which so"),
    ),
    "es": FollowupWords(
        beginnings=("y ", "¿y ", "pero ", "¿pero ", "qué hay de ", "¿qué hay de "),
        pointers=_split("él ella ello ellos ellas eso esa ese esos esas su sus allí ahí"),
        pronouns=_split(
            "yo tú usted ustedes ud uds vd vds nosotros nosotras vosotros vosotras me te nos mi mis tu tus nuestro"
            " nuestra"
        ),
        attached=re.compile(  # "comprarlos", "cómo lo renuevo", "dónde los puedo ver"
            r"\b(?!(?:char|bur|bor|per|or)l)\w{2,}(?:[aei]r|ndo)(?:me|te|se|nos)?l[aeo]s?\b"
            r"|\blo (?!que\b|más\b|mejor\b|peor\b|menos\b|de\b)\w"
            r"|\bl[ao]s? (?:pued|pod|deb|teng|tien|quier)\w",
            re.IGNORECASE,
        ),
        joints=_split("y e o u pero"),
        determiners=_split("el la los las un una unos unas del al mi nuestro nuestra"),
        idle=_split(
            "es son fue en el la los las de del a para con un una ha puedo puede podemos pueden podría podrían debo"
            " debe debemos tengo tiene tenemos hay decirme darme favor"
        ),
        question_words=_split("por qué cuándo cómo dónde quién"),
    ),
    "fr": FollowupWords(
        beginnings=("et ", "mais ", "qu'en est-il "),
        pointers=_split("il elle ils elles lui cela ça celui celle ceux leur leurs son sa ses"),
        pronouns=_split("je j tu nous vous on me m te moi toi mon ma mes ton ta tes notre nos votre vos"),
        attached=re.compile(  # "puis-je les garder", "comment peut-on l'ouvrir"
            r"\b(?:puis|peu[xt]|pouvez|pouvons|pouvoir|pourrais|pourrait|dois|doit|devez|devons|faut|vais|veux|voulez)"
            r"(?:-(?:t-)?\w+)? (?:les? |la |l['’])\w+(?:er|ir|re)\b",
            re.IGNORECASE,
        ),
        joints=_split("et ou mais"),
        determiners=_split("le la les l un une des du au aux d mon ma mes notre nos ce cet cette ces"),
        idle=_split(
            "est sont était en le la les de du des à pour avec un une a ont puis peux peut pouvez pouvons dois doit"
            " devez devons faut être"
        ),
        question_words=_split("pourquoi quand comment où qui"),
    ),
    "it": FollowupWords(
        beginnings=("e ", "ma ", "che ne "),
        pointers=_split("esso essa loro quello quella ciò suo sua"),
        pronouns=_split("io lei ella noi voi mi ci vi mio mia miei nostro nostra vostro vostra"),
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
        attached=re.compile(
            r"(?<![\u3040-\u309f])(?:それ|これ|あれ|そちら|この|その|あの|彼女?|[そこあ]こ(?=[にでをはがもへか]))"
            r"(?!まで|から|ぞれ|以外|以来|以降|まま|もの|うち|岸|ほか|他)"
            r"|(?<=[はがをにでともば、])(?:それ|これ|あれ|そちら|その|彼女?|そこ(?=[にでをはがもへか]))(?!まで|から|ぞれ|まま|うち|他)"
        ),
        unnamed=re.compile(r"[\u3040-\u309f、。？！\s]+|私|僕|俺|我々|何|誰|時|来年|今年|翌年|今日|明日"),
    ),
    "ko": FollowupWords(
        beginnings=("그럼", "그러면", "그리고", "그것", "그는", "그의", "그녀", "그 ", "거기"),
        endings=("는요", "은요", "그건"),
        attached=re.compile(
            r"(?<!\S)(?:(?:그|이|저)(?:것|거|걸|게|건)|그들|그녀|거기|그곳|이곳|그(?:는|가|를|의|에게)?(?!\S))"
        ),
        unnamed=re.compile(
            r"\s+|(?<!\S)(?:제가|저는|저희는|저희가|저|나는|내가|우리는|우리가|혹시|어디에서|어디서|어디에|언제|어떻게|왜"
            r"|내년으로|내년에|올해|다음|해로)(?!\S)"
        ),
    ),
    "nl": FollowupWords(
        beginnings=("en ", "maar ", "hoe zit het "),
        pointers=_split("hij zij het hem hun ervan daarvan zijn haar daar"),
        pronouns=_split("ik wij we jij je jullie u uw mij me ons mijn onze"),
        articles=_split("het"),
        joints=_split("en of maar"),
        determiners=_split("de het een mijn ons onze"),
        idle=_split("is zijn was waren in op te van voor met de het een heeft"),
        question_words=_split("waarom wanneer hoe waar wie wat"),
    ),
    "no": FollowupWords(
        beginnings=("og ", "men ", "hva med "),
        pointers=_split("den det de dem han ham hun henne hans hennes deres"),
        pronouns=_split("jeg du vi de dem deres dere deg meg oss min mitt mine din ditt dine vår vårt våre"),
        articles=_split("den det de"),
        joints=_split("og eller men"),
        idle=_split("er var i på til av for med en et den har kan skal"),
        question_words=_split("hvorfor når hvordan hvor hvem hva"),
    ),
    "pt": FollowupWords(
        beginnings=("e ", "mas ", "que tal "),
        pointers=_split("ele ela eles elas isso aquilo seu sua seus suas"),
        pronouns=_split("eu você vocês nós me nos meu minha meus minhas nosso nossa"),
        joints=_split("e ou mas"),
        determiners=_split("o a os as um uma do da dos das no na ao meu minha nosso nossa"),
        idle=_split("é são foi em o a os as de do da para com um uma tem"),
        question_words=_split("por que quando como onde quem"),
    ),
    "ru": FollowupWords(
        beginnings=("а ", "и ", "но "),
        pointers=_split("он она оно они его её ее их ему ей им ним ней них это этого этом там"),
        pronouns=_split(
            "я ты мы вы меня мне тебя тебе нас нам вас вам вами мой моя моё мои моего моей мою моих твой наш наша наше"
            " наши ваш ваша ваше ваши вашего вашей вашу ваших"
        ),
        joints=_split("и или а но"),
        idle=_split(
            "в на с к у о по был была были есть ли не бы могу может можем можете можно нужно надо должен должна должны"
            " скажите скажете"
        ),
        question_words=_split("почему когда как где кто что"),
    ),
    "sv": FollowupWords(
        beginnings=("och ", "men ", "hur är det med "),
        pointers=_split("den det de dem han honom hon henne hans hennes deras"),
        pronouns=_split("jag du ni er vi dig mig oss min mitt mina din ditt dina vår vårt våra"),
        articles=_split("den det de"),
        joints=_split("och eller men"),
        idle=_split("är var i på till av för med en ett den har kan ska"),
        question_words=_split("varför när hur var vem vad"),
    ),
    "zh": FollowupWords(
        beginnings=("那么", "那麼", "那,", "那，", "还有", "還有"),
        endings=("呢",),
        attached=re.compile(r"(?<![其吉排利])[他她它](?![人国國乡鄉命])|那[里裡儿兒些个個]|这[里些个]|這[裡些個]"),
        unnamed=re.compile(
            r"[我你您]们?|我們|你們|请问|請問|请|可不可以|可以|能不能|能|想|要|应该|應該|需要|必须|怎么|怎麼|如何|为什么"
            r"|為什麼|什么时候|什麼時候|什么|什麼|哪里|哪裡|是否|知道|告诉|告訴|还|還|也|把|给|給|在|从|對|对|向|会|會"
            r"|明年|今年|[\s，。？！、]"
        ),
    ),
}
"""The words of each language, by its ISO 639-1 code."""

COURTESIES = re.compile(
    r"^\W*(?:thanks?(?: you)?|ok(?:ay)?|great|yes|no|danke(?: schön)?|gut|ja|nein|merci(?: beaucoup)?|d['’]accord|oui"
    r"|non|(?:muchas )?gracias|vale|sí|(?:mange )?tak|nej|спасибо|хорошо|понятно|да|нет|grazie|obrigad[oa]|dank je|tack"
    r"|谢谢|謝謝|好的|ありがとう(?:ございます)?|はい|わかりました|감사합니다|고맙습니다|네|알겠습니다)\s*[.!,。！，、…]+\s*",
    re.IGNORECASE,
)
"""Finds a word of thanks or assent before the question proper, in any language."""

NO_WORDS = FollowupWords()
"""What stands for the words of every other language."""
