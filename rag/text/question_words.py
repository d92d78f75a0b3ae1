"""Words that a question asks with, by language. They say nothing of what it is about, but are rare in documents.

Rare words weigh most in a lexical search, so these would outweigh the question's topic. Other stop words ("the", "of")
are better kept, as `bench/RESULTS.md` shows under "Text".
"""

from __future__ import annotations

import re

_LISTS = {
    "ar": "ما ماذا من متى أين كيف لماذا لم هل كم أي أية أيهما مَن لِماذا بماذا فيم",
    "bg": "какво какъв каква какви кой коя кое кои кого кога къде защо как колко дали ли",
    "bn": "কি কী কে কারা কার কাকে কোন কোনটি কোথায় কখন কবে কেন কীভাবে কিভাবে কেমন কত কতটি কতজন কয়টি",
    "ca": "què qui quin quina quins quines quan on com perquè quant quanta quants quantes",
    "cs": "co kdo koho komu čím kým který která které kteří jaký jaká jaké kdy kde kam odkud proč jak kolik čí",
    "da": "hvad hvem hvis hvilken hvilket hvilke hvornår hvor hvorfor hvordan hvorhen mange meget",
    "de": "was wer wen wem wessen welche welcher welches welchen welchem wann wo wohin woher warum weshalb wieso wie"
    " wieviel wieviele viele viel wofür womit wodurch woran worin worüber wovon wozu worauf",
    "el": "τι ποιος ποια ποιο ποιοι ποιες ποιον ποιους ποιου πότε που πού γιατί πώς πως πόσο πόσα πόσοι πόσες πόση",
    "en": "what which who whom whose where when why how do does did many much",
    "es": "qué que cuál cuáles quién quiénes cuándo dónde adónde por cómo cuánto cuánta cuántos cuántas",
    "et": "mis kes keda kelle mida mille milline millised kus kuhu kust millal miks kuidas mitu kui palju",
    "fa": "چه چی کی کجا چرا چگونه چطور چند کدام آیا چیست کیست",
    "fi": "mikä mitä mitkä minkä kuka ketkä kenen ketä milloin koska missä mihin mistä miksi miten kuinka monta paljon",
    "fr": "que quoi qui quel quelle quels quelles lequel laquelle quand où pourquoi comment combien est-ce qu",
    "gu": "શું કોણ કોણે કયા કયો કઈ કયું ક્યાં ક્યારે કેમ કેવી કેવું કેટલા કેટલી કેટલું",
    "he": "מה מי איזה איזו אילו מתי איפה היכן לאן מאין למה מדוע איך כיצד כמה האם",
    "hi": "क्या कौन किस किसे किसने किसका किसकी किसके कब कहाँ कहां क्यों कैसे कैसा कैसी कितना कितनी कितने कौनसा कौनसी",
    "hr": "što tko koga kome čemu koji koja koje kada gdje kamo zašto kako koliko li",
    "hu": "mi mit mik ki kit kik melyik melyek milyen mikor hol hová honnan miért hogyan hogy mennyi hány vajon",
    "id": "apa apakah siapa siapakah mana dimana kapan kenapa mengapa bagaimana bagaimanakah berapa berapakah yang",
    "it": "che cosa chi quale quali qual quando dove perché come quanto quanta quanti quante cos dov com",
    "ja": "どのような どのように どのくらい どんな どこ どの どれ どちら どう だれ 誰 何 なに なん いつ なぜ"
    " いくつ いくら ですか ますか でしょうか ましたか でしたか",
    "ko": "무엇 무슨 누구 누가 언제 어디 어느 어떤 어떻게 왜 얼마나 얼마 몇 입니까 습니까 인가요 인가 일까 는가",
    "lt": "kas ką kokie koks kokia kuris kuri kurie kada kur kodėl kaip kiek ar",
    "mr": "काय कोण कोणी कोणत्या कोणता कोणती कोणते कुठे कधी केव्हा का कसे कसा कशी किती",
    "nl": "wat wie wiens welke welk wanneer waar waarom waarheen hoe hoeveel veel",
    "no": "hva hvem hvilken hvilket hvilke når hvor hvorfor hvordan mange mye",
    "pl": "co kto kogo komu czym kim który która które którzy jaki jaka jakie kiedy gdzie dokąd skąd dlaczego jak"
    " ile czy",
    "pt": "que quê qual quais quem quando onde aonde por porque como quanto quanta quantos quantas",
    "ro": "ce cine cui care când unde de cum cât câtă câți câte",
    "ru": "что кто кого кому кем чем чего чему какой какая какое какие каких каком каким когда где куда откуда почему"
    " зачем как сколько чей чья чьё чьи который которая которое которые ли",
    "sk": "čo kto koho komu čím ktorý ktorá ktoré ktorí aký aká aké kedy kde kam odkiaľ prečo ako koľko",
    "sr": "шта што ко кога који која које када где куда зашто како колико šta ko koji koja koje kada gde zašto kako",
    "sv": "vad vem vems vilken vilket vilka när var vart varför hur många mycket",
    "sw": "nini nani gani wapi lini je vipi ngapi mbona",
    "ta": "என்ன எது எவை எந்த யார் யாரை எங்கே எங்கு எப்போது ஏன் எப்படி எவ்வளவு எத்தனை",
    "te": "ఏమిటి ఏమి ఏది ఏవి ఏ ఎవరు ఎవరి ఎవరికి ఎక్కడ ఎప్పుడు ఎందుకు ఎలా ఎంత ఎన్ని ఎంతమంది",
    "th": "อะไร ใคร ที่ไหน ไหน เมื่อไหร่ เมื่อใด ทำไม อย่างไร เท่าไหร่ เท่าใด กี่ ใด หรือไม่ ไหม",
    "tr": "ne nedir kim kimdir kime kimi kimin hangi hangisi hangileri zaman nerede nereye nereden neden niçin niye"
    " nasıl kaç kadar mı mi mu mü",
    "uk": "що хто кого кому ким чим який яка яке які коли де куди звідки чому навіщо як скільки чи",
    "vi": "gì ai nào đâu sao thế bao nhiêu khi mấy",
    "zh": "什么 什麼 谁 誰 哪里 哪裡 哪儿 哪个 哪個 哪些 哪 何时 何時 何 为什么 為什麼 怎么 怎麼 怎样 怎樣 如何"
    " 多少 几 幾 吗 嗎 呢",
}

QUESTION_WORDS = {language: frozenset(words.split()) for language, words in _LISTS.items()}
"""The case-folded words by ISO 639-1 code. In languages without spaces between words, some of them contain others."""

SPACELESS_LANGUAGES = frozenset({"ja", "ko", "th", "zh"})
"""Languages whose question words stand inside a run of text. Korean writes them together with what they belong to."""

QUESTION_END = re.compile(r"[?？؟]\W*$")
"""Finds the end of a text that is written as a question."""
