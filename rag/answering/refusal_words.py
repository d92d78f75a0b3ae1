"""How models say that the passages don't tell, a record for each language; `rag.answering.refusals` puts it together.

Every field is the alternatives of a regular expression, without case; apostrophes are straight.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefusalWords:
    """The words of one language."""

    sources: str
    """What a model was given to read: context, passages, documents."""
    papers: str
    """Kinds of documents. They deny many things; only that they *say* something counts."""
    saying: str
    """Verbs of saying that only texts are the subject of."""
    holding: str
    """Verbs of holding and finding, and nouns of what is told."""
    unable: str
    """Phrases that refuse by themselves."""
    filler: str
    """How clauses begin that say nothing: apologies, offers, advice."""
    contrast: str
    """Words before which a claim may begin that is none of the refusal's; a pattern of its own."""
    denials: str = ""
    """Denials before the verb."""
    denials_behind: str = ""
    """Denials behind the verb."""
    stops: str = ""
    """Words that begin another clause, or turn the denial round: "says that", "not only"."""
    duties: str = ""
    """Words of a rule: what documents must not contain is no refusal."""


REFUSAL_WORDS = {
    "da": RefusalWords(
        sources=(
            r"kontekst(?:en)?|passage(?:n|r|rne)?|dokument(?:et|er|erne)?|tekst(?:en|er|erne)?|kilde(?:n|r|rne)|"
            r"uddrag(?:et|ene)?"
        ),
        papers=(
            r"kontrakten|aftalen|brevet|vejledningen|referatet|vedtægterne|husordenen|rapporten|artiklen|listen|"
            r"siden"
        ),
        saying=(
            r"nævne[rst]?|nævnt|siger|sagt|angive[rst]?|angivet|oplyse[rst]?|omtale[rst]?|omtalt|specificere\w*|"
            r"fremgår|står|besvare[rst]?"
        ),
        holding=r"indeholde[rt]?|giver|fundet|finde[rs]?|svar(?:et)?|oplysning(?:er)?|information(?:er)?",
        unable=(
            r"(?:det )?ved jeg ikke|jeg ved (?:det )?ikke|(?:jeg )?kan (?:jeg )?(?:desværre )?ikke (?:besvare|"
            r"svare|finde (?:svar|oplysning))|kan (?:desværre )?ikke besvares|"
            r"(?:er der|der er) ingen (?:oplysning|information|svar)\w*|"
            r"ikke (?:nævnt|angivet|oplyst)"
        ),
        filler=r"beklager|desværre|undskyld|kontakt|hvis du|spørg",
        contrast=r"(?<=\s)\bmen\b",
        denials=r"ikke|ingen|intet|hverken",
        denials_behind=r"ikke|ingen|intet",
        stops=r"at|kun",
        duties=r"må|skal|bør",
    ),
    "de": RefusalWords(
        sources=(
            r"kontext\w*|passagen?|textstellen?|dokument(?:e|en|es)?|unterlagen?|text(?:e|en|es)?|quellen?|"
            r"auszüg\w*|abschnitt\w*|material\w*|(?:bereitgestellten|vorliegenden|gegebenen) informationen"
        ),
        papers=(
            r"\w*vertrag|brief|anleitung|handbuch|protokoll|bericht|artikel|satzung|\w*ordnung|liste|tabelle|"
            r"seite|e-?mail|broschüre"
        ),
        saying=(
            r"erwähn\w*|sagt?|sagen|gesagt|genannt|nenn\w+|angegeben|steht|stehen|hervor|geht|beantwort\w*|"
            r"äußer\w*|spezifizier\w*|erläuter\w*|beschr\w+|gibt|geben|macht|machen"
        ),
        holding=(
            r"enth\w+|find\w+|gefunden|information\w*|angaben?|hinweise?|auskunft|antwort\w*|details|bietet|"
            r"bieten|liefer\w*"
        ),
        unable=(
            r"(?:ich )?weiß (?:ich )?(?:es |das )?(?:leider )?nicht|"
            r"kann (?:ich )?[^,]{0,60}nicht (?:beantworte[nt]|beantwortet werden|sagen|finden|feststellen)|"
            r"(?:nicht|keine) (?:genügend|ausreichend\w*) information\w*|informationen reichen nicht|"
            r"keine (?:angaben?|antwort|informationen?)(?: (?:gefunden|vorhanden|verfügbar))?$|"
            r"keine informationen? (?:dazu|darüber|über|zu[rm]?)|keine (?:informationen?|angaben?|hinweise?) vor\b|"
            r"(?:nicht|nirgends) (?:erwähnt|angegeben)"
        ),
        filler=r"es tut mir leid|tut mir leid|leider|entschuldig\w*|bitte|wenn sie|falls sie|wenn du",
        contrast=r"\b(?:aber|jedoch|allerdings|sondern|hingegen)\b",
        denials=r"nicht|nichts|keine[rnms]?|kein|nirgends|weder",
        denials_behind=r"nicht|nichts|keine[rnms]?|kein|nirgends",
        stops=r"dass|daß|nur|erlaubt|gestattet",
        duties=r"muss|müssen|darf|dürfen|soll|sollen",
    ),
    "en": RefusalWords(
        sources=(
            r"contexts?|passages?|documents?|excerpts?|sources?|texts?|(?:provided|given|"
            r"available) (?:information|material)|(?:information|material)s? (?:provided|given|available)"
        ),
        papers=(
            r"\w*contract|lease|agreement|letter|e-?mail|manual|minutes|report|article|notice|policy|rules|"
            r"leaflet|page|section|table|list|file|recipe|story|novel|handbook|guide|syllabus|schedule|invoice|it"
        ),
        saying=(
            r"say|says|said|mention(?:s|ed)?|mention of|state[sd]?|specif(?:y|ies|ied|ic)|indicate[sd]?|"
            r"indication|discuss(?:es|ed)?|address(?:es|ed)?|refer(?:s|red|ence)?(?: to)?|describe[sd]?|tell|"
            r"answer(?:s|ed)?|explain(?:s|ed)?"
        ),
        holding=(
            r"contain(?:s|ed)?|includes?|included|provide[sd]?|gives?|given|found|find|information|details?|"
            r"cover(?:s|ed)?|lists?|listed|answer|present|available"
        ),
        unable=(
            r"(?:i )?(?:do not|don't) know|i(?:'m| am| was)? (?:cannot|can't|could ?n[o']t|unable to|"
            r"not able to) (?:answer|determine|tell|say|provide|(?:find|locate|see) (?:any |the |an )?(?:\w+ )?"
            r"(?:information|answer|mention|reference|details))|"
            r"there(?:'s| is) nothing (?:about|on) (?:that|this|it)\b|"
            r"(?:is|are|remains?) silent (?:on|about)|(?:cannot|can't|could not) be (?:answered|determined|found in)|"
            r"not possible to (?:answer|determine|say|tell)|i (?:do not|don't|did not|didn't) have (?:access|"
            r"(?:enough|any|sufficient|specific|that)(?: \w+)? (?:information|data|context|details))|"
            r"(?:there (?:is|are|was|were) (?:no|not enough|insufficient)|there (?:isn't|aren't|wasn't) (?:enough|"
            r"any|sufficient)) (?:\w+ ){0,2}(?:information|mention|indication|details|answer|reference)|"
            r"^no (?:\w+ )?(?:information|mention|answer|details)(?: (?:is|was|were|are))?(?: (?:found|available|"
            r"given|provided))?$|not (?:\w+ ){0,2}(?:mentioned|specified)|^not (?:found|stated|given|available|"
            r"provided)$|unanswerable|it(?: is|'s) not (?:\w+ )?(?:clear|stated|indicated|said)|"
            r"^(?:the answer is )?unknown$"
        ),
        filler=(
            r"i(?:'m| am) (?:so |very )?sorry|sorry|i apologi[sz]e|unfortunately|please|if you|let me|feel free|"
            r"as an ai|(?:it|they|the (?:\w+ )?(?:context|passages?|documents?|text)) (?:only|just|merely|mainly)|"
            r"therefore|however|(?:you|i) (?:may|might|would) (?:need|want|have)|(?:without|for) (?:more|further)|"
            r"is there anything|for more|based on the"
        ),
        contrast=r"\b(?:but|however|although|though)\b",
        denials=r"not|\w*n't|no|none|nothing|never|neither|nowhere|without|cannot",
        denials_behind=r"nothing|no (?:specific |further |such )?(?:information|mention|details|answer|indication)",
        stops=r"that|only|just|allowed|permitted|allow|must|pets",
        duties=r"must|should|shall|may not|need not|have to|has to|needs? to",
    ),
    "es": RefusalWords(
        sources=(
            r"contextos?|pasajes?|documentos?|textos?|fragmentos?|fuentes?|información (?:proporcionada|"
            r"disponible)|extractos?"
        ),
        papers=r"contrato|carta|manual|acta|informe|artículo|norma\w*|reglamento|lista|página|receta|correo|folleto",
        saying=(
            r"menciona\w*|mención|dice[n]?|dicho|especifica\w*|indica\w*|precisa\w*|señala\w*|responde\w*|"
            r"aclara\w*|refiere\w*|habla[n]?"
        ),
        holding=(
            r"contiene[n]?|incluye[n]?|proporciona[n]?|da|dan|ofrece[n]?|encuentr\w*|encontr\w*|información|"
            r"respuesta|datos|detalles|aparece[n]?"
        ),
        unable=(
            r"no (?:lo )?sé|no puedo (?:responder|contestar|encontrar|determinar)|no (?:es posible|"
            r"se puede) (?:responder|determinar|saber|contestar)|no (?:hay|existe|tengo|"
            r"dispongo de) (?:suficientes? |ningun[oa]s? |ningún |más |es[ao]s? |est[ao]s? |dicha )?"
            r"(?:información|datos?|mención|referencias?|indicación)|no se (?:menciona|"
            r"especifica|indica|encontró|encuentra (?:información|respuesta))|^(?:ninguna|sin) información$"
        ),
        filler=(
            r"lo siento|lamento|lamentablemente|perdón|disculp\w*|por favor|si (?:necesita|tiene|puede)\w*|"
            r"desafortunadamente"
        ),
        contrast=r"\b(?:pero|sin embargo|aunque|sino)\b",
        denials=r"no|ningun[oa]?|ningún|nada|nunca|tampoco|ni",
        denials_behind=r"nada|ningun[oa]?|ningún",
        stops=r"que|solo|sólo|solamente",
        duties=r"debe[n]?|deberá[n]?|puede[n]?",
    ),
    "fr": RefusalWords(
        sources=(
            r"contextes?|passages?|documents?|textes?|extraits?|sources?|informations? (?:fournies?|disponibles?)"
        ),
        papers=(
            r"contrat|bail|lettre|manuel|compte rendu|rapport|article|règlement|liste|page|recette|courriel|"
            r"notice|livret"
        ),
        saying=r"mention\w*|di(?:t|sent)|précis\w+|indiqu\w+|spécifi\w+|évoqu\w+|répond\w*|parl\w+|abord\w+|décri\w+",
        holding=r"contien\w+|contenu\w*|donn\w+|fourni\w*|figur\w+|trouv\w+|informations?|réponse|détails?|inclu\w+",
        unable=(
            r"je ne (?:le )?sais pas|je ne (?:peux|suis)(?: malheureusement)? pas (?:répondre|en mesure|"
            r"déterminer|trouver|dire)|je n'ai pas (?:trouvé|d'information|assez)|"
            r"je ne dispose (?:malheureusement )?(?:pas|d'aucune)|rest(?:e|ent) sans réponse|"
            r"il n'est pas possible de (?:répondre|déterminer|savoir|dire)|il n'y a (?:pas|aucune?) (?:d'|"
            r"assez d'|suffisamment d')?(?:information|mention|réponse|indication)s?|^aucune (?:information|"
            r"réponse|mention)$|n'est pas (?:mentionné|précisé|indiqué)\w*"
        ),
        filler=r"(?:je suis )?(?:désolé|navré)\w*|malheureusement|excusez|veuillez|si vous|s'il vous plaît|n'hésitez",
        contrast=r"\b(?:mais|cependant|toutefois|pourtant)\b",
        denials=r"ne|n'|pas|aucune?|rien|nulle part|ni",
        denials_behind=r"rien|aucune?",
        stops=r"que|qu'|seulement",
        duties=r"doi(?:t|vent)|faut|devr\w+|peu(?:t|vent)",
    ),
    "it": RefusalWords(
        sources=(
            r"contesto|contesti|passagg\w+|bran[oi]|document[oi]|test[oi]|estratt[oi]|font[ei]|"
            r"informazioni (?:fornite|disponibili)"
        ),
        papers=r"contratto|lettera|manuale|verbale|rapporto|articolo|regolamento|lista|pagina|ricetta|opuscolo",
        saying=r"menzion\w+|dic(?:e|ono)|detto|specific\w+|indic\w+|precis\w+|rispond\w+|accenn\w+|parl\w+",
        holding=(
            r"conten\w+|contien\w+|fornis\w+|d[àa]nno|trov\w+|informazion[ei]|risposta|dettagli|include|includono|"
            r"riport\w+"
        ),
        unable=(
            r"non (?:lo )?so|non posso (?:rispondere|trovare|determinare)|non (?:è possibile|"
            r"si può) (?:rispondere|determinare|sapere|stabilire)|non (?:ci sono|c'è|ho) (?:abbastanza |"
            r"sufficienti |alcuna )?(?:informazion|menzion|rispost)\w*|non (?:è|viene|sono) (?:menzionat|"
            r"specificat|indicat)\w*|^nessuna (?:informazione|risposta)$"
        ),
        filler=r"mi dispiace|purtroppo|scus\w+|per favore|se (?:hai|ha|avete)|spiacente",
        contrast=r"\b(?:ma|tuttavia|però|bensì)\b",
        denials=r"non|nessun\w*|nulla|niente|né",
        denials_behind=r"nulla|niente|nessun\w*",
        stops=r"che|solo|soltanto",
        duties=r"dev(?:e|ono)|dovr\w+|può|possono",
    ),
    "ja": RefusalWords(
        sources=(
            r"文脈|コンテキスト|コンテクスト|資料|文書|文章|文中|ドキュメント|パッセージ|本文|テキスト|"
            r"情報源|抜粋|提供された"
        ),
        papers=r"契約書?|規約|規則|細則|手紙|メール|議事録|報告書|記事|説明書|マニュアル|リスト|表|ページ",
        saying=r"記載|記述|言及|明記|書かれ|書いて|述べ|触れ|示され|説明され|記され|載って",
        holding=r"含まれ|情報|答え|回答|見つか|見当た|該当",
        unable=(
            r"(?:わか|分か)りません|(?:わか|分か)りかね|(?:わか|分か)らない|存じません|答え(?:られ|"
            r"ることができ|ることはでき|かね)(?:ません|ない|ます)|(?:情報|記載|回答|"
            r"答え)(?:は|が)(?:あり|ござい|見つかり|見当たり)ません(?:でした)?|(?:判断|特定|回答|"
            r"確認)(?:でき|することができ|することはでき)(?:ません|ない)|(?:記載|言及|"
            r"該当)(?:なし|無し)"
        ),
        filler=r"申し訳|すみません|すいません|恐れ入り|残念ながら|ご了承|お手数|もし",
        contrast=r"が[、,]|けれども?|けど|しかし|ただし",
        denials_behind=r"ません|ない|なし|無い|ておらず|れず",
        duties=r"てはいけ|てはなら|なければ|べきで|てはだめ",
    ),
    "ko": RefusalWords(
        sources=r"문서|자료|문맥|맥락|컨텍스트|본문|지문|텍스트|구절|출처|발췌|제공된|주어진",
        papers=r"계약서|규정|회칙|편지|이메일|메일|회의록|보고서|기사|설명서|목록|표|페이지|내용",
        saying=r"언급|명시|기재|나와|나오|적혀|쓰여|서술|설명|말하|확인되",
        holding=r"포함|제공|정보|찾을|답|내용",
        unable=(
            r"모르겠|모릅니다|알 수 없|(?:답|대답|답변)(?:할|을 할|을 드릴) 수 없|(?:정보|답|답변|"
            r"내용)[은는이가을를]? ?(?:찾을 수 없|없습니다|확인할 수 없)|"
            r"확인할 수 없|언급되지 않"
        ),
        filler=r"죄송|미안|유감|안타깝|아쉽|만약",
        contrast=r"지만|그러나|하지만|다만",
        denials_behind=r"않|없|못",
        duties=r"안 됩니다|안 된다|야 합니다|야 한다",
    ),
    "nl": RefusalWords(
        sources=(
            r"context|passages?|documenten|document|tekst(?:en)?|fragment(?:en)?|bron(?:nen)?|(?:gegeven|"
            r"beschikbare|verstrekte) informatie"
        ),
        papers=r"contract|overeenkomst|brief|handleiding|notulen|verslag|artikel|reglement|lijst|pagina|recept",
        saying=(
            r"vermeld\w*|noem\w*|genoemd|zeg(?:t|gen)|gezegd|geef\w*|geven|specificeer\w*|staat|staan|"
            r"beantwoord\w*|beschrij\w*"
        ),
        holding=r"bevat\w*|informatie|antwoord|gevonden|vind\w*|details|gegevens",
        unable=(
            r"(?:ik )?weet (?:ik )?(?:het |dat )?niet|kan (?:ik )?[^,]{0,60}niet (?:beantwoorden|beantwoord|"
            r"vinden|zeggen|bepalen)|(?:er is|is er|er staat) geen (?:informatie|antwoord|vermelding)|"
            r"niet (?:vermeld|genoemd)|^geen (?:informatie|antwoord)$"
        ),
        filler=r"(?:het )?spijt me|sorry|helaas|excuses|alstublieft|als u|als je",
        contrast=r"\b(?:maar|echter|hoewel)\b",
        denials=r"niet|niets|geen|nergens",
        denials_behind=r"niet|niets|geen|nergens",
        stops=r"dat(?! niet)|alleen|slechts",
        duties=r"moet|moeten|mag|mogen|dient|hoef\w*",
    ),
    "no": RefusalWords(
        sources=(
            r"kontekst(?:en)?|passasje(?:n|r|ne)?|dokument(?:et|er|ene)?|tekst(?:en|er|ene)?|kilde(?:n|r|ne)|"
            r"utdrag(?:et|ene)?"
        ),
        papers=r"kontrakten|avtalen|brevet|veiledningen|referatet|vedtektene|rapporten|artikkelen|listen|siden",
        saying=(
            r"nevne[rs]?|nevnt|sier|sagt|angi(?:r|s|tt)|oppgi(?:r|s|tt)|omtale[rs]?|omtalt|spesifisere\w*|fremgår|"
            r"står|besvare[rs]?"
        ),
        holding=r"inneholde[rt]?|gir|funnet|finne[rs]?|svar(?:et)?|opplysning(?:er)?|informasjon(?:en)?",
        unable=(
            r"(?:det )?vet jeg ikke|jeg vet (?:det )?ikke|(?:jeg )?kan (?:jeg )?(?:dessverre )?ikke (?:besvare|"
            r"svare|finne (?:svar|informasjon))|kan (?:dessverre )?ikke besvares|"
            r"(?:er det|det er|det finnes) ingen (?:opplysning|informasjon|"
            r"svar)\w*|ikke (?:nevnt|oppgitt)"
        ),
        filler=r"beklager|dessverre|unnskyld|kontakt|hvis du|spør",
        contrast=r"(?<=\s)\bmen\b",
        denials=r"ikke|ingen|intet|ikkje",
        denials_behind=r"ikke|ingen|intet|ikkje|ingenting",
        stops=r"at|bare",
        duties=r"må|skal|bør|får",
    ),
    "pt": RefusalWords(
        sources=(
            r"contextos?|passage(?:m|ns)|documentos?|textos?|trechos?|fontes?|excertos?|informações (?:fornecidas|"
            r"disponíveis)"
        ),
        papers=r"contrato|carta|manual|ata|relatório|artigo|regulamento|lista|página|receita|folheto",
        saying=r"menciona\w*|menção|diz|dizem|dito|especific\w+|indic\w+|precis\w+|respond\w+|refer\w+|fala[m]?",
        holding=r"cont[êé]m|contêm|inclu\w+|fornec\w+|dá|dão|encontr\w+|informaç\w+|resposta|detalhes|consta[m]?",
        unable=(
            r"não (?:o )?sei|não (?:posso|consigo) (?:responder|encontrar|determinar)|não (?:é possível|"
            r"se pode) (?:responder|determinar|saber)|não (?:há|existe|existem|tenho) (?:nenhuma |"
            r"suficientes? )?(?:informaç|menç|respost)\w*|não (?:é|foi|está|são) (?:mencionad|especificad|"
            r"indicad)\w*|^(?:nenhuma|sem) (?:informação|resposta)$"
        ),
        filler=r"desculp\w*|lamento|sinto muito|infelizmente|por favor|se (?:precisar|tiver|quiser)",
        contrast=r"\b(?:mas|porém|contudo|no entanto|todavia)\b",
        denials=r"não|nenhum\w*|nada|nem",
        denials_behind=r"nada|nenhum\w*",
        stops=r"que|só|somente|apenas",
        duties=r"deve[m]?|deverá|pode[m]?",
    ),
    "ru": RefusalWords(
        sources=r"контекст\w*|отрыв\w+|документ\w*|текст\w*|фрагмент\w*|источник\w*|предоставленн\w+|материал\w*",
        papers=(
            r"договор\w*|письм\w+|инструкци\w+|протокол\w*|отч[её]т\w*|стать\w+|устав\w*|правил\w*|спис\w+|"
            r"страниц\w+|рецепт\w*"
        ),
        saying=(
            r"упомина\w+|упомянут\w*|говор\w+|сказан\w*|указ\w+|сообща\w+|отвеча\w+|уточня\w+|описыва\w+|описан\w*"
        ),
        holding=r"содерж\w+|информаци\w+|сведени\w+|ответ\w*|данны\w+|найден\w*|упоминани\w+|приводится|привед\w+",
        unable=(
            r"(?:я )?не знаю|(?:я )?не (?:могу|смог\w*|удалось) (?:ответить|найти|определить|сказать)|"
            r"нельзя (?:ответить|определить|сказать)|невозможно (?:ответить|определить|сказать)|"
            r"(?:ответить|определить|сказать|установить)(?: \w+){0,3} (?:невозможно|нельзя)|"
            r"(?:информаци|сведени|ответ|данны|упоминани)\w*(?: \w+){0,3} отсутству\w+|"
            r"отсутству\w+(?: \w+){0,2} (?:информаци|сведени|ответ|данны|упоминани)\w*|"
            r"не наш[её]л\w* (?:так\w+ |никак\w+ |эт\w+ )?(?:информаци|ответ|сведени|упоминани)\w*|"
            r"нет (?:никакой |достаточной )?(?:информации|ответа|сведений)|^не (?:указано|упомянуто|упоминается)$"
        ),
        filler=r"к сожалению|извин\w+|простите|пожалуйста|если (?:вы|у вас|вам)",
        contrast=r"(?:(?<=[\s,])|^)(?:но|однако|зато)(?=\s)",
        denials=r"не|нет|ничего|никак\w+|ни",
        denials_behind=r"нет|ничего",
        stops=r"что|только|лишь",
        duties=r"долж\w+|нужно|следует|обязан\w*|могут|может",
    ),
    "sv": RefusalWords(
        sources=(
            r"kontext(?:en)?|sammanhanget|passage(?:n|r|rna)?|dokument(?:et|en)?|text(?:en|er|erna)?|käll(?:an|or|"
            r"orna)|utdrag(?:et|en)?|avsnitt(?:et|en)?"
        ),
        papers=r"kontraktet|avtalet|brevet|handboken|protokollet|stadgarna|rapporten|artikeln|listan|sidan",
        saying=(
            r"nämn(?:er|s|t|as|a)|säg(?:er|s)|sagt|ange[rs]?|anges|angivet|uppge[rs]?|omtala[rs]?|specificera\w*|"
            r"framgår|står|besvara[rs]?"
        ),
        holding=r"innehålle[rt]?|ger|hittat|hittar?|finn[se]?|svar(?:et)?|uppgift(?:er)?|information(?:en)?",
        unable=(
            r"(?:det )?vet jag (?:tyvärr )?inte|jag vet (?:det )?inte|"
            r"kan (?:tyvärr )?inte besvaras|"
            r"(?:jag )?kan (?:jag )?(?:tyvärr )?inte (?:besvara|svara|hitta (?:svar|information))|(?:finns det|"
            r"det finns) ingen (?:uppgift|information|svar)\w*|inte (?:nämnt|angivet)"
        ),
        filler=r"tyvärr|förlåt|ursäkta|beklagar|kontakta|om du|fråga",
        contrast=r"(?<=\s)\bmen\b",
        denials=r"inte|ingen|inget|inga",
        denials_behind=r"inte|ingen|inget|inga|ingenting",
        stops=r"att|bara|endast",
        duties=r"får|ska|bör|måste",
    ),
    "zh": RefusalWords(
        sources=r"上下文|文档|文檔|文件|资料|資料|段落|文中|文本|文章|材料|原文|片段|提供的|来源",
        papers=r"合同|合约|信件|邮件|手册|纪要|报告|制度|规定|条款|章程|列表|表格|页",
        saying=r"提到|提及|说明|說明|指出|写明|写到|提供|记载|記載|明确|规定|规定|涉及|描述|回答|告诉|说",
        holding=r"包含|包括|给出|信息|資訊|答案|找到|显示|关于|關於|内容",
        unable=(
            r"(?:我)?不知道|(?:无法|無法|不能|没法)(?:确定|確定|回答|得知|判断|判斷|找到|从)|找不到(?:相关|"
            r"任何)?(?:信息|答案|内容)|(?:没有|沒有)(?:找到|相关|"
            r"任何)?(?:信息|答案|相关内容|足够的信息)|^(?:未|没有|沒有)(?:提及|提到|说明)$"
        ),
        filler=r"抱歉|对不起|對不起|很遗憾|不好意思|请|如果您|如果你",
        contrast=r"但是?|然而|不过|可是",
        denials=r"没有|沒有|未|不|无|無|没",
        stops=r"不得|必须|只",
        duties=r"不得|必须|應當|应当|不应|禁止",
    ),
}
"""The words of each language, by its ISO 639-1 code."""
