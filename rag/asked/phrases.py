"""Small talk in nine languages: ``a (b|c)?|d`` stands for "a", "a b", "a c" and "d"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Talk = Literal["hello", "thanks", "bye", "who", "can", "how", "okay"]

PHRASES: Mapping[str, Mapping[Talk, str]] = {
    "en": {
        "hello": "hello|hi|hey|hiya|howdy|greetings|good (morning|afternoon|evening|day)|yo|hello there|hi there"
        "|hey there|nice to meet you|anybody (there|home)|are you there",
        "thanks": "thanks|thank you|thx|ty|cheers|many thanks|thanks a lot|thank you (very|so) much|thanks so much"
        "|much appreciated|that (was|is) (very )?(helpful|great|perfect)|that helped( a lot| me)?|great job|good job"
        "|well done",
        "bye": "bye|goodbye|good bye|bye bye|see you|see you (later|soon|tomorrow)|good night|farewell|have a (nice"
        "|good|great) (day|one|evening|weekend)",
        "how": "how are you( doing)?( today)?|how do you do|how is it going|how's it going|what's up|how are things",
        "who": "who are you|what are you|what is your name|what's your name|who am i (talking|speaking) to|are you (a"
        "|an) (bot|robot|ai|human|machine|person|program|real person|chatbot)|are you (chatgpt|human|real)"
        "|introduce yourself|tell me (about yourself|who you are)|who made you|who (built|created) you"
        "|what model are you|which model are you",
        "can": "what can you do( for me)?|what do you do|help|help me|how (can|do) you help( me)?"
        "|what can i ask( you)?|how do(es)? (this|it|you) work|how do i use (you|this)|what are you (good|useful) for"
        "|what are you able to do|can you help me|what (kind of )?questions can i ask( you)?|how can you help"
        "|what are your (abilities|capabilities|features|functions)|what is this|how can i use (you|this)|i need help"
        "|please help( me)?|who are you and what can you do",
        "okay": "ok|okay|great|perfect|got it|alright|all right|i see|awesome|yes|excellent|wonderful|understood",
    },
    "de": {
        "hello": "hallo|hi|hey|moin|moin moin|servus|grüß gott|grüezi|guten (morgen|tag|abend)|grüß dich|hallöchen"
        "|ist (da )?jemand da",
        "thanks": "danke|danke schön|dankeschön|vielen dank|vielen lieben dank|herzlichen dank|besten dank|danke sehr"
        "|danke dir|danke ihnen|tausend dank|merci|das war (sehr )?(hilfreich|gut)|das hat (mir )?(sehr )?geholfen"
        "|gut gemacht|sehr hilfreich",
        "bye": "tschüss|tschüß|auf wiedersehen|bis (bald|später|dann|morgen)|ciao|gute nacht|mach's gut|schönen (tag"
        "|abend)( noch)?|schönes wochenende",
        "how": "wie geht's( dir)?|wie geht es (dir|ihnen)( heute)?|wie gehts( dir)?|was geht|alles klar bei dir"
        "|alles gut",
        "who": "wer bist du|wer sind sie|was bist du|was sind sie|wie heißt du|wie heißen sie|wie ist (dein|ihr) name"
        "|bist du( ein| eine)? (mensch|bot|roboter|ki|maschine|chatgpt|programm|computer)|stell dich (mal |bitte )?vor"
        "|stellen sie sich (bitte )?vor|mit wem (spreche|rede|schreibe) ich|wer hat dich (gemacht|gebaut|programmiert"
        "|entwickelt)|welches modell bist du",
        "can": "was kannst du( alles)?( für mich tun)?|was können sie( alles)?( für mich tun)?|hilfe"
        "|kannst du mir helfen|können sie mir helfen|wie kannst du mir helfen|wobei kannst du (mir )?helfen"
        "|was kann ich (dich |sie |hier )?(alles )?fragen|wie funktioniert (das|dies|du)( hier)?|was machst du"
        "|was ist das hier|wofür bist du (gut|da)|wie benutze ich (dich|das)|womit kannst du (mir )?helfen|hilf mir"
        "|welche fragen kann ich (dir )?stellen|welche funktionen hast du",
        "okay": "ok|okay|super|prima|toll|alles klar|verstanden|perfekt|cool|aha|sehr gut",
    },
    "fr": {
        "hello": "bonjour|salut|coucou|bonsoir|hello|hey|bonjour à (toi|vous|tous)|enchanté|allô|il y a quelqu'un",
        "thanks": "merci|merci beaucoup|merci bien|un grand merci|mille mercis|je te remercie|je vous remercie"
        "|merci à (toi|vous)|merci pour (ton|votre) aide|c'est (très )?(utile|parfait|gentil)|bravo|bon travail",
        "bye": "au revoir|à bientôt|à plus|à plus tard|à demain|bonne (nuit|soirée|journée)|adieu|ciao|bye"
        "|bon week-end",
        "how": "ça va|comment ça va|comment vas-tu|comment allez-vous|comment tu vas|tu vas bien|vous allez bien"
        "|quoi de neuf",
        "who": "qui es-tu|qui êtes-vous|tu es qui|t'es qui|vous êtes qui|c'est qui|qu'es-tu|quel est (ton|votre) nom"
        "|comment (t'appelles-tu|tu t'appelles|vous appelez-vous)|es-tu (un|une) (robot|humain|ia|machine|programme)"
        "|êtes-vous (un|une) (robot|humain|ia|machine)|présente-toi|présentez-vous|à qui (je parle|ai-je affaire)"
        "|qui t'a (créé|fait)|quel modèle es-tu",
        "can": "que peux-tu faire( pour moi)?|que pouvez-vous faire( pour moi)?|qu'est-ce que tu (peux|sais) faire"
        "|qu'est-ce que vous pouvez faire|que sais-tu faire|tu peux faire quoi|tu sais faire quoi|aide|aide-moi"
        "|aidez-moi|à l'aide|peux-tu m'aider|pouvez-vous m'aider|comment peux-tu m'aider|comment pouvez-vous m'aider"
        "|comment ça (marche|fonctionne)|à quoi (sers-tu|tu sers|servez-vous)|que puis-je (te |vous )?demander"
        "|quelles questions puis-je (te |vous )?poser|c'est quoi|comment t'utiliser|comment (ça s'utilise"
        "|fonctionnes-tu)|j'ai besoin d'aide",
        "okay": "ok|d'accord|super|parfait|très bien|génial|compris|entendu|excellent|c'est bon|je vois",
    },
    "es": {
        "hello": "hola|buenas|buenos días|buenas (tardes|noches)|hey|qué hay|saludos|hola a todos|hay alguien( ahí)?"
        "|encantado|encantada",
        "thanks": "gracias|muchas gracias|mil gracias|muchísimas gracias|te lo agradezco|gracias por (tu|su|la) ayuda"
        "|se lo agradezco|muy útil|eso ayuda|buen trabajo|genial gracias|me ha servido( mucho)?",
        "bye": "adiós|adios|hasta (luego|pronto|mañana|la vista)|chao|chau|nos vemos|buenas noches"
        "|que tengas? (un )?buen día|buen fin de semana",
        "how": "qué tal|cómo estás|cómo está( usted)?|cómo te va|cómo va( todo)?|qué pasa|todo bien|como estas|que tal",
        "who": "quién eres|quien eres|quién es usted|qué eres|cómo te llamas|cuál es tu nombre|cómo se llama usted"
        "|eres (un|una) (robot|bot|humano|persona|ia|máquina)|eres (humano|chatgpt)|preséntate|con quién (hablo"
        "|estoy hablando)|quién te (creó|hizo|ha creado|ha hecho)|qué modelo eres",
        "can": "qué puedes hacer( por mí)?|qué sabes hacer|que puedes hacer|qué puede hacer( usted)?( por mí)?|ayuda"
        "|ayúdame|me puedes ayudar|puedes ayudarme|cómo puedes ayudarme|cómo me puedes ayudar|en qué (puedes"
        "|me puedes) ayudar(me)?|cómo funciona( esto)?|cómo funcionas|para qué sirves|qué (te )?puedo preguntar(te)?"
        "|qué preguntas (te )?puedo hacer(te)?|qué es esto|cómo te uso|cómo se usa( esto)?|qué haces|necesito ayuda",
        "okay": "ok|vale|de acuerdo|perfecto|genial|muy bien|entendido|estupendo|excelente|ya veo|está bien",
    },
    "da": {
        "hello": "hej|hejsa|goddag|god (morgen|dag|aften|formiddag|eftermiddag)|godmorgen|godaften|halløj|dav|hallo"
        "|er der nogen( her)?|mojn|davs",
        "thanks": "tak|mange tak|tusind tak|tak skal du have|tak for (hjælpen|det|i dag)|det var (en stor "
        "|til stor )?hjælp|det hjalp|godt gået|flot klaret|super tak|tak for din hjælp",
        "bye": "farvel|hej hej|vi ses|på gensyn|godnat|god nat|ha' det( godt)?|hav en god dag|god weekend|ses",
        "how": "hvordan går det|hvordan har du det|hvad så|står det til|går det godt|hvordan står det til",
        "who": "hvem er du|hvad er du|hvad hedder du|hvad er dit navn|er du (en )?(robot|bot|ai|menneske|maskine"
        "|chatgpt|et menneske|et program)|er du et (menneske|program)|præsenter dig( selv)?|hvem taler jeg med"
        "|hvem (har lavet|lavede) dig|hvilken model er du",
        "can": "hvad kan du( gøre)?( for mig)?|hvad kan du hjælpe( mig)? med|hjælp|hjælp mig|kan du hjælpe( mig)?"
        "|hvordan kan du hjælpe( mig)?|hvordan (virker|fungerer) (det|du|det her|dette)"
        "|hvad kan jeg spørge( dig)?( om)?|hvilke spørgsmål kan jeg stille( dig)?|hvad er det her|hvad laver du"
        "|hvad bruger man dig til|hvordan bruger jeg (dig|det her)|jeg har brug for hjælp",
        "okay": "ok|okay|fint|super|perfekt|forstået|fedt|det er fint|meget fint",
    },
    "ru": {
        "hello": "привет|здравствуй|здравствуйте|добрый (день|вечер)|доброе утро|доброго времени суток|приветствую|хай"
        "|салют|алло|есть кто(-нибудь)?|ты здесь|вы здесь|привет всем",
        "thanks": "спасибо|большое спасибо|спасибо большое|спасибо огромное|огромное спасибо|благодарю|благодарю (вас"
        "|тебя)|спасибо за помощь|очень помогло|это помогло|спс|спасибо тебе|спасибо вам|молодец|отличная работа"
        "|ты мне (очень )?помог",
        "bye": "пока|до свидания|до встречи|до скорого|прощай|всего (хорошего|доброго)|спокойной ночи|до завтра"
        "|увидимся|хорошего дня|удачи",
        "how": "как дела|как ты|как вы|как поживаешь|как поживаете|что нового у тебя|как жизнь|как твои дела"
        "|как ваши дела",
        "who": "кто ты|ты кто|кто вы|вы кто|что ты такое|кто ты такой|кто ты такая|как тебя зовут|как вас зовут"
        "|ты (робот|бот|человек|машина|программа|ии)|вы (робот|человек|бот)|представься|представьтесь|расскажи о себе"
        "|кто тебя (создал|сделал)|с кем я (говорю|разговариваю)|какая ты модель",
        "can": "что ты (умеешь|можешь)( делать)?|что вы (умеете|можете)( делать)?|что умеешь|помощь|помоги|помоги мне"
        "|помогите|помогите мне|ты можешь (мне )?помочь|вы можете (мне )?помочь|чем ты можешь (мне )?помочь"
        "|чем вы можете (мне )?помочь|как (это|ты|всё это) работае(т|шь)|как (тобой|этим) пользоваться"
        "|о чём (тебя )?можно спросить|что (у тебя )?можно спросить|какие вопросы можно задавать"
        "|какие вопросы тебе можно задать|для чего ты нужен|что это такое|зачем ты нужен"
        "|что (я )?могу (у тебя )?спросить|мне нужна помощь|какие у тебя (функции|возможности)",
        "okay": "ок|окей|хорошо|ладно|понятно|понял|поняла|отлично|супер|ясно|прекрасно|замечательно|класс|круто"
        "|здорово|очень хорошо",
    },
    "ja": {
        "hello": "こんにちは|こんにちわ|こんばんは|おはよう|おはようございます|やあ|もしもし|はじめまして|初めまして"
        "|ハロー|どうも|よろしく|よろしくお願いします|誰かいますか|お疲れ様です|お疲れさまです",
        "thanks": "ありがとう|ありがとうございます|ありがとうございました|有難う|有難うございます|どうもありがとう"
        "|どうもありがとうございます|サンキュー|感謝します|助かりました|助かった|助かります|とても役に立ちました"
        "|役に立ちました|本当に",
        "bye": "さようなら|さよなら|またね|また明日|じゃあね|バイバイ|おやすみ|おやすみなさい|失礼します|また今度|では",
        "how": "元気ですか|お元気ですか|元気|調子はどう|調子はどうですか|ご機嫌いかがですか|最近どう",
        "who": "あなたは誰|あなたは誰ですか|君は誰|きみは誰|誰ですか|あなたは何ですか|お名前は|名前は何ですか"
        "|あなたの名前は|あなたの名前は何ですか|お名前を教えてください|あなたはロボットですか|あなたは人間ですか"
        "|あなたはaiですか|人間ですか|aiですか|ロボットですか|自己紹介して|自己紹介してください|自己紹介をしてください"
        "|誰が作ったの|誰があなたを作りましたか|どちら様ですか|chatgptですか",
        "can": "何ができる|何ができるの|何ができますか|あなたは何ができますか|あなたに何ができますか|何が出来ますか"
        "|できることは何ですか|できることを教えて|できることを教えてください|ヘルプ|助けて|助けてください|手伝って"
        "|手伝ってください|手伝ってくれますか|使い方は|使い方を教えて|使い方を教えてください|どうやって使うの"
        "|どうやって使いますか|どう使えばいいですか|何を聞けますか|何を聞けばいい|何を聞けばいいですか"
        "|何を質問できますか|どんな質問ができますか|これは何ですか|どんなことができますか|どんなことができる"
        "|どういう仕組みですか|何をしてくれますか|機能を教えて|どんな機能がありますか",
        "okay": "わかりました|分かりました|了解|了解です|なるほど|いいね|オーケー|ok|素晴らしい|すごい|承知しました"
        "|いいですね",
    },
    "ko": {
        "hello": "안녕|안녕하세요|안녕하십니까|반가워|반갑습니다|반가워요|하이|헬로|여보세요|좋은 아침|좋은 아침이에요"
        "|좋은 아침입니다|처음 뵙겠습니다|거기 누구 있어요|누구 있나요|헤이|좋은 저녁이에요",
        "thanks": "고마워|고마워요|고맙습니다|감사|감사합니다|감사해요|정말 고마워|정말 감사합니다|대단히 감사합니다"
        "|많은 도움이 됐어요|도움이 됐어|도움이 되었습니다|도와줘서 고마워|도와주셔서 감사합니다|수고했어"
        "|수고하셨습니다|땡큐|잘했어",
        "bye": "잘 가|잘 있어|안녕히 가세요|안녕히 계세요|다음에 봐|또 봐|또 봐요|내일 봐|바이|바이바이|잘 자"
        "|안녕히 주무세요|좋은 하루 보내|좋은 하루 되세요|나중에 봐",
        "how": "잘 지내|잘 지내니|잘 지내세요|어떻게 지내|어떻게 지내세요|기분이 어때|요즘 어때|별일 없지",
        "who": "너는 누구야|넌 누구야|너 누구야|누구세요|누구야|당신은 누구입니까|당신은 누구세요|당신은 누구인가요"
        "|너는 뭐야|넌 뭐야|이름이 뭐야|이름이 뭐예요|네 이름은 뭐야|이름이 무엇인가요|너는 로봇이야|너 로봇이야"
        "|넌 사람이야|사람이야|사람이에요|ai야|너 ai야|로봇인가요|사람인가요|자기소개 해줘|자기소개해 줘"
        "|자기소개 부탁해|자기소개해주세요|누가 너를 만들었어|누가 만들었어|넌 어떤 모델이야|너는 chatgpt야",
        "can": "뭐 할 수 있어|뭘 할 수 있어|넌 뭘 할 수 있어|너는 뭘 할 수 있어|무엇을 할 수 있어|무엇을 할 수 있나요"
        "|무엇을 할 수 있습니까|뭘 할 수 있나요|뭐 할 줄 알아|도움말|도와줘|도와주세요|나 좀 도와줘|도와줄 수 있어"
        "|도와주실 수 있나요|어떻게 도와줄 수 있어|어떻게 사용해|어떻게 사용하나요|사용법 알려줘|사용법을 알려주세요"
        "|사용법이 뭐야|어떻게 쓰는 거야|뭘 물어볼 수 있어|무엇을 물어볼 수 있나요|무엇을 도와줄 수 있어"
        "|무엇을 도와주실 수 있나요|어떤 질문을 할 수 있어|어떤 질문을 할 수 있나요|이건 뭐야|이게 뭐야|이게 뭐예요"
        "|기능이 뭐야|어떤 기능이 있어|어떤 기능이 있나요|넌 무슨 일을 해|할 수 있는 게 뭐야",
        "okay": "알겠습니다|알겠어|알겠어요|알았어|좋아|좋아요|좋습니다|오케이|ok|그래|완벽해|훌륭해|대단해|이해했어"
        "|최고야",
    },
    "zh": {
        "hello": "你好|您好|你好啊|嗨|哈喽|哈啰|hello|hi|早|早上好|上午好|中午好|下午好|晚上好|大家好|喂|在吗|在不在"
        "|有人吗|你在吗|早安|你好呀|很高兴认识你",
        "thanks": "谢谢|謝謝|谢谢你|謝謝你|谢谢您|多谢|多謝|非常感谢|非常感謝|十分感谢|感谢|感謝|感谢你的帮助"
        "|谢谢你的帮助|谢谢帮助|太感谢了|谢了|辛苦了|很有帮助|帮了大忙|做得好|谢谢啦|万分感谢",
        "bye": "再见|再見|拜拜|回头见|明天见|下次见|晚安|祝你愉快|祝你今天愉快|告辞|回见",
        "how": "你好吗|你好嗎|最近怎么样|最近好吗|你怎么样|过得怎么样|吃了吗|近来可好|你今天怎么样|今天过得怎么样",
        "who": "你是谁|你是誰|您是谁|你是什么|你叫什么|你叫什么名字|你叫什麼名字|您叫什么名字|你的名字是什么"
        "|你是机器人吗|你是人吗|你是真人吗|你是ai吗|你是人工智能吗|你是chatgpt吗|介绍一下自己|介绍一下你自己"
        "|介紹一下你自己|请介绍一下你自己|自我介绍一下|请自我介绍|请做个自我介绍|谁做的你|谁开发了你|你是谁开发的"
        "|你是什么模型",
        "can": "你能做什么|你能做什麼|你会什么|你会做什么|你能干什么|你能干嘛|你可以做什么|你能帮我做什么"
        "|你能为我做什么|你可以帮我做什么|你有什么功能|你有哪些功能|帮助|幫助|帮帮我|帮我|请帮帮我|你能帮我吗"
        "|你能帮助我吗|你可以帮我吗|怎么用|怎么使用|如何使用|怎么用你|怎么使用你|这个怎么用|这怎么用|这是什么"
        "|我能问你什么|我可以问什么|我可以问你什么|可以问什么|能问什么问题|我能问什么问题|我可以问哪些问题|你有什么用"
        "|你是做什么的|你能帮什么忙|使用说明|这是干什么的",
        "okay": "好的|明白|明白了|知道了|了解|懂了|太好了|太棒了|很好|不错|ok|没问题",
    },
}

FILLERS = {
    "en": "pagewise|assistant|bot|there|everyone|friend|buddy|again|for your help|for the help|for that|really"
    "|very much|a lot|so much|and|then|for now|today|my friend|please|then|well|oh|actually|computer",
    "de": "pagewise|assistent|bot|zusammen|nochmal|für die hilfe|für deine hilfe|für ihre hilfe|und|dann|mal|bitte|du"
    "|denn|eigentlich|sehr|ach|nochmals|erstmal|auch|computer|dafür",
    "fr": "pagewise|assistant|tout le monde|encore|pour l'aide|pour ton aide|pour votre aide|et|alors|donc"
    "|s'il te plaît|s'il vous plaît|beaucoup|bien|toi|vous|exactement|au juste|encore une fois",
    "es": "pagewise|asistente|a todos|otra vez|por la ayuda|por tu ayuda|por todo|y|entonces|pues|por favor|amigo"
    "|de nuevo|exactamente|ahora|tú|hoy",
    "da": "pagewise|assistent|igen|for hjælpen|og|så|lige|venligst|du|egentlig|alle sammen|for din hjælp|i dag|dig",
    "ru": "pagewise|ассистент|помощник|бот|ещё раз|еще раз|за помощь|и|а|ну|же|тогда|пожалуйста|друг|вообще|сегодня"
    "|тебе|вам|большое|очень|всё|все",
    "ja": "pagewise|さん|です|ね|よ|、|どうも|本当に|とても|そして|あの|ええと|じゃあ|では|一体|今日は|か|の|ボット",
    "ko": "pagewise|봇|정말|진짜|그리고|그럼|아주|너무|저기|근데|혹시|오늘|요|도와줘서|많이|다시",
    "zh": "pagewise|助手|机器人|的|啊|呀|吧|呢|了|真的|非常|那|那么|再次|请问|到底|小助手|今天|嗯|请",
}
"""What may stand beside such phrases, but is none of them alone."""
