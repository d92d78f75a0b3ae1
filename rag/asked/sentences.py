"""What the program says itself, in nine languages. Counts stand behind a colon, where no language bends a word by"
" them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Says(NamedTuple):
    """The sentences in one language; what stands in braces is filled in."""

    hello: str
    thanks: str
    bye: str
    how: str
    okay: str
    who: str
    can: str
    held: str
    """How many documents there are; behind small talk."""
    nothing_held: str
    documents: str
    """The head of a list: how many, of which types."""
    none_such: str
    folders: str
    since: str
    nothing_since: str
    newest: str
    oldest: str
    longest: str
    shortest: str
    largest: str
    smallest: str
    failed: str
    none_failed: str
    about: str
    nothing_about: str
    with_words: str
    """How many documents have a topic's words, counted."""
    without_words: str
    more: str
    outline: str
    sections: str
    which: str
    name_one: str
    only_in: str
    in_both: str
    read: str
    """How many documents were read of how many, how many hold nothing, how many could not be read."""
    matching: str
    total: str
    column_document: str
    column_answer: str
    column_quote: str
    column_page: str


SENTENCES: Mapping[str, Says] = {
    "en": Says(
        hello="Hello! I'm Pagewise. I answer from your own documents and show the page each answer is from.",
        thanks="You're welcome. Ask on whenever you like.",
        bye="Goodbye! Your documents stay as they are.",
        how="I'm ready to look something up for you.",
        okay="Good. Ask whenever you want to know something from your documents.",
        who="I'm Pagewise, a program on your own machine that answers from your documents and shows the pages.",
        can="I answer questions from your documents, with the page. You can also ask what documents there are, what"
        " is new,"
        " which files could not be read; have a document summed up, two compared, or a question put to every document.",
        held="Documents indexed: {count}.",
        nothing_held="No document is indexed yet: put files into the folder.",
        documents="Documents: {count}. {types}",
        none_such="There is no such document.",
        folders="Folders: {folders}.",
        since="New or changed since {day}: {count}.",
        nothing_since="Nothing is new or changed since {day}.",
        newest="The newest documents:",
        oldest="The oldest documents:",
        longest="The longest documents, by the characters of their text:",
        shortest="The shortest documents, by the characters of their text:",
        largest="The largest files, in bytes:",
        smallest="The smallest files, in bytes:",
        failed="Files that could not be read: {count}.",
        none_failed="Every file could be read.",
        about="Documents about “{topic}”: {count}.",
        nothing_about="No document says anything about “{topic}”.",
        with_words="Documents that contain “{topic}”: {count}.",
        without_words="No document contains “{topic}”.",
        more="… and more: {count}.",
        outline="What {name} says, in its own words:",
        sections="Sections: {sections}",
        which="Several documents may be meant. Which one?",
        name_one="Say which document you mean, by its name. For example:",
        only_in="Only in {name}:",
        in_both="In both:",
        read="Documents read: {read} of {all}. Hold nothing on it: {empty}. Could not be read: {failed}.",
        matching="Fulfil the condition: {count}.",
        total="Sum of {count} amounts: {sum}.",
        column_document="Document",
        column_answer="Answer",
        column_quote="Quote",
        column_page="Page",
    ),
    "de": Says(
        hello="Hallo! Ich bin Pagewise. Ich antworte aus Ihren eigenen Dokumenten und zeige die Seite dazu.",
        thanks="Gern geschehen. Fragen Sie jederzeit weiter.",
        bye="Auf Wiedersehen! Ihre Dokumente bleiben, wie sie sind.",
        how="Ich bin bereit, etwas für Sie nachzuschlagen.",
        okay="Gut. Fragen Sie, wenn Sie etwas aus Ihren Dokumenten wissen wollen.",
        who="Ich bin Pagewise, ein Programm auf Ihrem Rechner, das aus Ihren Dokumenten antwortet und die Seiten"
        " zeigt.",
        can="Ich beantworte Fragen aus Ihren Dokumenten, mit der Seite. Sie können auch fragen, welche Dokumente es"
        " gibt, was"
        " neu ist, welche Dateien nicht gelesen werden konnten; ein Dokument zusammenfassen, zwei vergleichen oder eine"
        " Frage an jedes Dokument stellen lassen.",
        held="Indexierte Dokumente: {count}.",
        nothing_held="Es ist noch kein Dokument indexiert: Legen Sie Dateien in den Ordner.",
        documents="Dokumente: {count}. {types}",
        none_such="Ein solches Dokument gibt es nicht.",
        folders="Ordner: {folders}.",
        since="Neu oder geändert seit {day}: {count}.",
        nothing_since="Seit {day} ist nichts neu oder geändert.",
        newest="Die neuesten Dokumente:",
        oldest="Die ältesten Dokumente:",
        longest="Die längsten Dokumente, nach Zeichen ihres Textes:",
        shortest="Die kürzesten Dokumente, nach Zeichen ihres Textes:",
        largest="Die größten Dateien, in Byte:",
        smallest="Die kleinsten Dateien, in Byte:",
        failed="Nicht lesbare Dateien: {count}.",
        none_failed="Alle Dateien konnten gelesen werden.",
        about="Dokumente über „{topic}“: {count}.",
        nothing_about="Kein Dokument sagt etwas über „{topic}“.",
        with_words="Dokumente mit „{topic}“: {count}.",
        without_words="Kein Dokument enthält „{topic}“.",
        more="… und weitere: {count}.",
        outline="Was {name} sagt, in eigenen Worten:",
        sections="Abschnitte: {sections}",
        which="Mehrere Dokumente können gemeint sein. Welches?",
        name_one="Sagen Sie, welches Dokument Sie meinen, mit seinem Namen. Zum Beispiel:",
        only_in="Nur in {name}:",
        in_both="In beiden:",
        read="Gelesene Dokumente: {read} von {all}. Ohne etwas dazu: {empty}. Nicht lesbar: {failed}.",
        matching="Die Bedingung erfüllen: {count}.",
        total="Summe von {count} Beträgen: {sum}.",
        column_document="Dokument",
        column_answer="Antwort",
        column_quote="Zitat",
        column_page="Seite",
    ),
    "fr": Says(
        hello="Bonjour ! Je suis Pagewise. Je réponds à partir de vos propres documents et je montre la page.",
        thanks="Je vous en prie. Posez d'autres questions quand vous voulez.",
        bye="Au revoir ! Vos documents restent tels quels.",
        how="Je suis prêt à chercher quelque chose pour vous.",
        okay="Bien. Demandez quand vous voulez savoir quelque chose de vos documents.",
        who="Je suis Pagewise, un programme sur votre machine qui répond à partir de vos documents et montre les"
        " pages.",
        can="Je réponds aux questions à partir de vos documents, avec la page. Vous pouvez aussi demander quels"
        " documents il"
        " y a, ce qui est nouveau, quels fichiers n'ont pas pu être lus ; faire résumer un document, en comparer"
        " deux, ou"
        " poser une question à chaque document.",
        held="Documents indexés : {count}.",
        nothing_held="Aucun document n'est encore indexé : mettez des fichiers dans le dossier.",
        documents="Documents : {count}. {types}",
        none_such="Il n'y a pas de tel document.",
        folders="Dossiers : {folders}.",
        since="Nouveaux ou modifiés depuis le {day} : {count}.",
        nothing_since="Rien de nouveau ni de modifié depuis le {day}.",
        newest="Les documents les plus récents :",
        oldest="Les documents les plus anciens :",
        longest="Les documents les plus longs, en caractères de texte :",
        shortest="Les documents les plus courts, en caractères de texte :",
        largest="Les fichiers les plus gros, en octets :",
        smallest="Les fichiers les plus petits, en octets :",
        failed="Fichiers illisibles : {count}.",
        none_failed="Tous les fichiers ont pu être lus.",
        about="Documents sur « {topic} » : {count}.",
        nothing_about="Aucun document ne parle de « {topic} ».",
        with_words="Documents contenant « {topic} » : {count}.",
        without_words="Aucun document ne contient « {topic} ».",
        more="… et d'autres : {count}.",
        outline="Ce que dit {name}, dans ses propres mots :",
        sections="Sections : {sections}",
        which="Plusieurs documents sont possibles. Lequel ?",
        name_one="Dites de quel document il s'agit, par son nom. Par exemple :",
        only_in="Seulement dans {name} :",
        in_both="Dans les deux :",
        read="Documents lus : {read} sur {all}. Sans rien à ce sujet : {empty}. Illisibles : {failed}.",
        matching="Remplissent la condition : {count}.",
        total="Somme de {count} montants : {sum}.",
        column_document="Document",
        column_answer="Réponse",
        column_quote="Citation",
        column_page="Page",
    ),
    "es": Says(
        hello="¡Hola! Soy Pagewise. Respondo a partir de sus propios documentos y muestro la página.",
        thanks="De nada. Siga preguntando cuando quiera.",
        bye="¡Hasta luego! Sus documentos quedan como están.",
        how="Estoy listo para buscar algo para usted.",
        okay="Bien. Pregunte cuando quiera saber algo de sus documentos.",
        who="Soy Pagewise, un programa en su equipo que responde a partir de sus documentos y muestra las páginas.",
        can="Respondo preguntas a partir de sus documentos, con la página. También puede preguntar qué documentos"
        " hay, qué es"
        " nuevo, qué archivos no se pudieron leer; pedir el resumen de un documento, la comparación de dos, o hacer una"
        " pregunta a cada documento.",
        held="Documentos indexados: {count}.",
        nothing_held="Aún no hay ningún documento indexado: ponga archivos en la carpeta.",
        documents="Documentos: {count}. {types}",
        none_such="No hay tal documento.",
        folders="Carpetas: {folders}.",
        since="Nuevos o modificados desde {day}: {count}.",
        nothing_since="No hay nada nuevo ni modificado desde {day}.",
        newest="Los documentos más recientes:",
        oldest="Los documentos más antiguos:",
        longest="Los documentos más largos, en caracteres de texto:",
        shortest="Los documentos más cortos, en caracteres de texto:",
        largest="Los archivos más grandes, en bytes:",
        smallest="Los archivos más pequeños, en bytes:",
        failed="Archivos que no se pudieron leer: {count}.",
        none_failed="Todos los archivos se pudieron leer.",
        about="Documentos sobre «{topic}»: {count}.",
        nothing_about="Ningún documento dice nada sobre «{topic}».",
        with_words="Documentos que contienen «{topic}»: {count}.",
        without_words="Ningún documento contiene «{topic}».",
        more="… y más: {count}.",
        outline="Lo que dice {name}, en sus propias palabras:",
        sections="Secciones: {sections}",
        which="Puede tratarse de varios documentos. ¿Cuál?",
        name_one="Diga a qué documento se refiere, por su nombre. Por ejemplo:",
        only_in="Solo en {name}:",
        in_both="En ambos:",
        read="Documentos leídos: {read} de {all}. Sin nada sobre ello: {empty}. Ilegibles: {failed}.",
        matching="Cumplen la condición: {count}.",
        total="Suma de {count} importes: {sum}.",
        column_document="Documento",
        column_answer="Respuesta",
        column_quote="Cita",
        column_page="Página",
    ),
    "da": Says(
        hello="Hej! Jeg er Pagewise. Jeg svarer ud fra dine egne dokumenter og viser siden.",
        thanks="Selv tak. Spørg bare videre.",
        bye="Farvel! Dine dokumenter bliver, som de er.",
        how="Jeg er klar til at slå noget op for dig.",
        okay="Godt. Spørg, når du vil vide noget fra dine dokumenter.",
        who="Jeg er Pagewise, et program på din egen maskine, der svarer ud fra dine dokumenter og viser siderne.",
        can="Jeg besvarer spørgsmål ud fra dine dokumenter, med siden. Du kan også spørge, hvilke dokumenter der er,"
        " hvad der"
        " er nyt, hvilke filer der ikke kunne læses; få et dokument sammenfattet, to sammenlignet eller et spørgsmål"
        " stillet til hvert dokument.",
        held="Indekserede dokumenter: {count}.",
        nothing_held="Der er ingen dokumenter endnu: læg filer i mappen.",
        documents="Dokumenter: {count}. {types}",
        none_such="Der er ikke noget sådant dokument.",
        folders="Mapper: {folders}.",
        since="Nye eller ændrede siden {day}: {count}.",
        nothing_since="Intet er nyt eller ændret siden {day}.",
        newest="De nyeste dokumenter:",
        oldest="De ældste dokumenter:",
        longest="De længste dokumenter, efter tegn i teksten:",
        shortest="De korteste dokumenter, efter tegn i teksten:",
        largest="De største filer, i byte:",
        smallest="De mindste filer, i byte:",
        failed="Filer, der ikke kunne læses: {count}.",
        none_failed="Alle filer kunne læses.",
        about="Dokumenter om „{topic}“: {count}.",
        nothing_about="Intet dokument siger noget om „{topic}“.",
        with_words="Dokumenter med „{topic}“: {count}.",
        without_words="Intet dokument indeholder „{topic}“.",
        more="… og flere: {count}.",
        outline="Hvad {name} siger, med egne ord:",
        sections="Afsnit: {sections}",
        which="Flere dokumenter kan være ment. Hvilket?",
        name_one="Sig, hvilket dokument du mener, ved navn. For eksempel:",
        only_in="Kun i {name}:",
        in_both="I begge:",
        read="Læste dokumenter: {read} af {all}. Uden noget om det: {empty}. Kunne ikke læses: {failed}.",
        matching="Opfylder betingelsen: {count}.",
        total="Summen af {count} beløb: {sum}.",
        column_document="Dokument",
        column_answer="Svar",
        column_quote="Citat",
        column_page="Side",
    ),
    "ru": Says(
        hello="Здравствуйте! Я Pagewise. Я отвечаю по вашим документам и показываю страницу.",
        thanks="Пожалуйста. Спрашивайте ещё.",
        bye="До свидания! Ваши документы остаются как были.",
        how="Готов что-нибудь найти для вас.",
        okay="Хорошо. Спрашивайте, когда понадобится что-то узнать из документов.",
        who="Я Pagewise, программа на вашем компьютере: отвечаю по вашим документам и показываю страницы.",
        can="Я отвечаю на вопросы по вашим документам и указываю страницу. Ещё можно спросить, какие есть документы,"
        " что"
        " нового, какие файлы не удалось прочитать; попросить изложить документ, сравнить два или задать вопрос"
        " каждому.",
        held="Документов в индексе: {count}.",
        nothing_held="Документов пока нет: положите файлы в папку.",
        documents="Документов: {count}. {types}",
        none_such="Такого документа нет.",
        folders="Папки: {folders}.",
        since="Новых или изменённых с {day}: {count}.",
        nothing_since="С {day} ничего нового или изменённого нет.",
        newest="Самые новые документы:",
        oldest="Самые старые документы:",
        longest="Самые длинные документы, по числу знаков текста:",
        shortest="Самые короткие документы, по числу знаков текста:",
        largest="Самые большие файлы, в байтах:",
        smallest="Самые маленькие файлы, в байтах:",
        failed="Файлов, которые не удалось прочитать: {count}.",
        none_failed="Все файлы удалось прочитать.",
        about="Документов о «{topic}»: {count}.",
        nothing_about="Ни в одном документе ничего нет о «{topic}».",
        with_words="Документов со словами «{topic}»: {count}.",
        without_words="Ни в одном документе нет «{topic}».",
        more="… и ещё: {count}.",
        outline="Что говорит {name}, его же словами:",
        sections="Разделы: {sections}",
        which="Может иметься в виду несколько документов. Какой?",
        name_one="Скажите, какой документ имеется в виду, по имени. Например:",
        only_in="Только в {name}:",
        in_both="В обоих:",
        read="Прочитано документов: {read} из {all}. Ничего об этом нет: {empty}. Не удалось прочитать: {failed}.",
        matching="Отвечает условию: {count}.",
        total="Сумма {count} значений: {sum}.",
        column_document="Документ",
        column_answer="Ответ",
        column_quote="Цитата",
        column_page="Страница",
    ),
    "ja": Says(
        hello="こんにちは。Pagewise です。お手元の文書からお答えし、そのページを示します。",
        thanks="どういたしまして。いつでもお尋ねください。",
        bye="さようなら。文書はそのまま残ります。",
        how="いつでもお調べできます。",
        okay="わかりました。文書について知りたいことがあればお尋ねください。",
        who="Pagewise です。お使いのパソコンで動き、文書からお答えしてページを示すプログラムです。",
        can="文書についての質問に、ページとともにお答えします。どんな文書があるか、何が新しいか、どのファイルが読めな"
        "かったか"
        "もお尋ねいただけます。文書の要約、二つの文書の比較、すべての文書への質問もできます。",
        held="登録されている文書：{count}件。",
        nothing_held="文書はまだありません。フォルダーにファイルを入れてください。",
        documents="文書：{count}件。{types}",
        none_such="そのような文書はありません。",
        folders="フォルダー：{folders}。",
        since="{day}以降に新しいか変更されたもの：{count}件。",
        nothing_since="{day}以降に新しいものや変更されたものはありません。",
        newest="最新の文書：",
        oldest="最も古い文書：",
        longest="最も長い文書（本文の文字数）：",
        shortest="最も短い文書（本文の文字数）：",
        largest="最も大きいファイル（バイト）：",
        smallest="最も小さいファイル（バイト）：",
        failed="読めなかったファイル：{count}件。",
        none_failed="すべてのファイルを読めました。",
        about="「{topic}」についての文書：{count}件。",
        nothing_about="「{topic}」について書かれた文書はありません。",
        with_words="「{topic}」を含む文書：{count}件。",
        without_words="「{topic}」を含む文書はありません。",
        more="… ほかに：{count}件。",
        outline="{name} の内容（原文のまま）：",
        sections="見出し：{sections}",
        which="該当する文書がいくつかあります。どれですか。",
        name_one="どの文書か、名前でお知らせください。たとえば：",
        only_in="{name} だけにあること：",
        in_both="両方にあること：",
        read="読んだ文書：{all}件のうち{read}件。該当なし：{empty}件。読めなかったもの：{failed}件。",
        matching="条件に合うもの：{count}件。",
        total="{count}件の合計：{sum}。",
        column_document="文書",
        column_answer="答え",
        column_quote="引用",
        column_page="ページ",
    ),
    "ko": Says(
        hello="안녕하세요! Pagewise입니다. 가지고 계신 문서에서 답을 찾아 쪽수와 함께 보여 드립니다.",
        thanks="천만에요. 언제든지 더 물어보세요.",
        bye="안녕히 가세요! 문서는 그대로 있습니다.",
        how="언제든 찾아 드릴 준비가 되어 있습니다.",
        okay="좋습니다. 문서에서 알고 싶은 것이 있으면 물어보세요.",
        who="Pagewise입니다. 이 컴퓨터에서 문서를 읽고 답하며 쪽수를 보여 주는 프로그램입니다.",
        can="문서에 대한 질문에 쪽수와 함께 답합니다. 어떤 문서가 있는지, 무엇이 새로운지, 어떤 파일을 읽지"
        " 못했는지도 물어볼"
        " 수 있고, 문서를 요약하거나 두 문서를 비교하거나 모든 문서에 질문할 수 있습니다.",
        held="색인된 문서: {count}개.",
        nothing_held="아직 문서가 없습니다. 폴더에 파일을 넣어 주세요.",
        documents="문서: {count}개. {types}",
        none_such="그런 문서가 없습니다.",
        folders="폴더: {folders}.",
        since="{day} 이후 새로 생기거나 바뀐 것: {count}개.",
        nothing_since="{day} 이후 새로 생기거나 바뀐 것이 없습니다.",
        newest="가장 새로운 문서:",
        oldest="가장 오래된 문서:",
        longest="가장 긴 문서 (본문 글자 수):",
        shortest="가장 짧은 문서 (본문 글자 수):",
        largest="가장 큰 파일 (바이트):",
        smallest="가장 작은 파일 (바이트):",
        failed="읽지 못한 파일: {count}개.",
        none_failed="모든 파일을 읽었습니다.",
        about="“{topic}”에 대한 문서: {count}개.",
        nothing_about="“{topic}”에 대해 말하는 문서가 없습니다.",
        with_words="“{topic}” 포함 문서: {count}개.",
        without_words="“{topic}” 포함 문서가 없습니다.",
        more="… 그 밖에: {count}개.",
        outline="{name}의 내용(원문 그대로):",
        sections="제목: {sections}",
        which="여러 문서가 해당됩니다. 어느 것인가요?",
        name_one="어느 문서인지 이름으로 알려 주세요. 예를 들면:",
        only_in="{name}에만 있는 것:",
        in_both="둘 다에 있는 것:",
        read="읽은 문서: {all}개 중 {read}개. 해당 없음: {empty}개. 읽지 못함: {failed}개.",
        matching="조건에 맞는 것: {count}개.",
        total="{count}개 금액의 합계: {sum}.",
        column_document="문서",
        column_answer="답",
        column_quote="인용",
        column_page="쪽",
    ),
    "zh": Says(
        hello="您好！我是 Pagewise。我根据您自己的文档回答，并指出所在的页。",
        thanks="不客气。随时可以继续提问。",
        bye="再见！您的文档保持原样。",
        how="我随时可以为您查找。",
        okay="好的。想从文档中了解什么，请随时提问。",
        who="我是 Pagewise，一个在您自己电脑上运行的程序，根据您的文档回答并指出页码。",
        can="我根据您的文档回答问题，并指出页码。您也可以问有哪些文档、有什么新内容、哪些文件无法读取；还可以总结一份"
        "文档、比较"
        "两份文档，或向每份文档提同一个问题。",
        held="已索引的文档：{count} 份。",
        nothing_held="还没有文档：请把文件放进文件夹。",
        documents="文档：{count} 份。{types}",
        none_such="没有这样的文档。",
        folders="文件夹：{folders}。",
        since="自 {day} 以来新增或更改：{count} 份。",
        nothing_since="自 {day} 以来没有新增或更改。",
        newest="最新的文档：",
        oldest="最旧的文档：",
        longest="最长的文档（按正文字符数）：",
        shortest="最短的文档（按正文字符数）：",
        largest="最大的文件（字节）：",
        smallest="最小的文件（字节）：",
        failed="无法读取的文件：{count} 个。",
        none_failed="所有文件都能读取。",
        about="关于“{topic}”的文档：{count} 份。",
        nothing_about="没有文档提到“{topic}”。",
        with_words="含有“{topic}”的文档：{count} 份。",
        without_words="没有文档含有“{topic}”。",
        more="…… 还有：{count} 份。",
        outline="{name} 的内容（原文）：",
        sections="章节：{sections}",
        which="可能是几份文档中的一份。是哪一份？",
        name_one="请说出文档的名称。例如：",
        only_in="只在 {name} 中：",
        in_both="两者都有：",
        read="已读文档：{all} 份中的 {read} 份。没有相关内容：{empty} 份。无法读取：{failed} 份。",
        matching="符合条件：{count} 份。",
        total="{count} 个金额的总和：{sum}。",
        column_document="文档",
        column_answer="回答",
        column_quote="引文",
        column_page="页",
    ),
}


def speak(language: str) -> Says:
    """The sentences of a language; the English ones of one that the program doesn't speak."""
    return SENTENCES.get(language, SENTENCES["en"])
