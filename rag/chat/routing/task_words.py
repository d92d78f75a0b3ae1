"""Words by which questions of code and of reasoning can be told, in groups: each group is one"
" feature of the model."""

from __future__ import annotations

import re

# What stands behind a "*" may be anything; scripts without spaces are searched for the words anywhere.
_WORDS = {
    "language": "python javascript typescript java kotlin swift rust golang c++ c# php ruby"
    " perl bash shell powershell sql"
    " html css react django flask node numpy pandas excel-formel vba matlab latex regex regexp",
    "tool": "api apis curl json yaml xml csv docker* kubernetes git npm pip cargo makefile"
    " endpoint* sdk cli http rest"
    " graphql unittest* pytest orm",
    "program": "code* coding program* recursi* récursi* rekursi* function*"
    " funktion* fonction* función funciones funzion* função"
    " funções functie* 関数 函数 함수"
    " method method* methode* méthode* método* metodo メソッド 方法有 方法返 script*"
    " skript* スクリプト 脚本 스크립트 snippet*"
    " codebeispiel* class classes klasse* classe clase クラス variable* parameter* parametri paramètres parámetros"
    " parâmetros argument* 引数 参数 loop* schleife* boucle* bucle* ciclo* ループ 循环"
    " array* string* struct* interface*"
    " schnittstelle* constructor* decorator* compil* kompil* compil* 代码 程序 コード"
    " プログラム 코드 implement* refactor*"
    " algorithm* algorithmus* subroutine*",
    "query": "query quer* abfrage* requête* consulta* クエリ 查询 쿼리 regular regulär* régulière"
    " regolare regulier* 正規表現"
    " 正则 정규식 expression* ausdruck expresión espressione expressão",
    "bug": "bug* bugs exception* exzeption* ausnahme* excepción eccezione exceção exceptie* 例外"
    " 异常 예외 stacktrace traceback"
    " debug* crash* throw* wirft nullpointer* segfault syntax* バグ 修复",
    "write": "write* schreib* écri* escrib* scriv* escrev* schrijf* 書い 写一 작성 create* erstell*"
    " crée* crea cria maak*"
    " generate* générer genera* implement* convert* wandle* convertis convierte convert* 作っ 変換",
    "why": "why warum weshalb wieso pourquoi perché porque waarom なぜ どうして 为什么 왜 почему",
    "compare": "compar* vergleich* confront* vergelijk* 比較 比较 비교 versus better besser mejor"
    " meilleur* migliore melhor"
    " beter cheaper günstiger billiger cher barat* convien* goedkoper 安い 便宜 faster slower"
    " larger older oldest longest"
    " highest lowest most* ältest* mayor anziano oudste rank* difference* unterschied* différence* diferencia*"
    " differenza diferença verschil* 違い 区别 차이 ahead outweigh*",
    "reckon": "calculat* berechn* calcul* calcol* bereken* 計算 计算 계산 average* durchschnitt*"
    " moyenne* promedio media"
    " gemiddeld* 平均 total* gesamt* sum summe percent* prozent* pour-cent porcentaje percentagem"
    " procent* パーセント 百分"
    " ratio* estimate* schätz* estim* projected add multiply",
    "amount": "worth lohn* vaut vale pena 划算 得ですか save* sav* spar* économis* ahorr* risparm*"
    " poup* bespar* how-much-more"
    " extra instead depends",
    "cause": "reason* cause* caus* grund gründe raison* razón motiv* oorzaak* 原因 理由 이유 woran"
    " explique* debe agree*"
    " überein* meets criteria last*",
    "between": "between zwischen entre tra tussen sépar* passano 間は 之间 相隔 사이 elapsed",
    "if": "if wenn falls si 場合 如果 만약 suppose supposing assum* angenommen supposons supon* unless would* wäre*"
    " aurait habría* avrebbe teria zou could* although obwohl malgré aunque benché embora"
    " terwijl のに 却 while despite",
    "judge": "contradict* widersp* contredi* contrad* contraddi* strijd 矛盾 consisten* imply"
    " implies follow* folgt déduit"
    " deduce* conclu* schließ* infer* evaluate* bewert* évalu* argue* justif* recommend*"
    " advantage* disadvantage* vorteil*"
    " nachteil* inconvénient* avantage* desventaja* ventaja* svantagg* vantagg* desvantag*"
    " nadelen voordelen 欠点 利点 缺点"
    " 优点 pros cons step-by-step step schritt étape paso passo stap 順を 一步 plan explain* erklär*"
    " prove* beweis* should",
    "lookup": "when where who wann wo wer quand où qui cuándo dónde quién quando dov* onde chi"
    " quem wanneer waar wie いつ"
    " どこ 誰 何時 何色 几点 哪里 谁 언제 어디 누가 colour color farbe couleur summar* fasse résum* resum* riassum*"
    " name* list* tell mean* bedeutet signifi* 意味 意思 cost* kostet coûte cuesta costa kost deadline opening",
}
_DENSE = re.compile("[\u3040-\u9fff\uac00-\ud7af]")


def _compile(words: str) -> re.Pattern[str]:
    parts = []
    for word in words.split():
        escaped = re.escape(word.removesuffix("*"))
        if _DENSE.search(word):
            parts.append(escaped)
        else:
            parts.append(rf"(?<!\w){escaped}" + ("" if word.endswith("*") else r"(?!\w)"))
    return re.compile("|".join(dict.fromkeys(parts)))


OF_TASK = {
    "code": frozenset("language tool program query bug call joined ending".split()),
    "reasoning": frozenset("why compare reckon amount cause between if judge".split()),
}
"""The groups, and the shapes of `rag.chat.routing.tasks`, that tell a task by themselves."""

GROUPS = {name: _compile(words) for name, words in _WORDS.items()}
"""Each matches a case-folded text that has a word of its group."""
