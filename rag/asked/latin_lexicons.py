"""The lexicons of the languages with Latin letters."""

from __future__ import annotations

from collections.abc import Mapping

from rag.asked.words import Word

LATIN: Mapping[str, Mapping[Word, str]] = {
    "en": {
        Word.SUM: "summar* sum_up sums_up main_point* key_point* main_idea* key_takeaway* takeaway* main_takeaway*"
        " important_point* key_facts gist outline tl_dr tldr synops* in_a_nutshell recap short_version overview_of"
        " brief_overview",
        Word.CMP: "compar* difference* differ differs contrast what_changed_between changed_between vs versus",
        Word.FAIL: "couldn't_be_read could_not_be_read can't_be_read cannot_be_read can_not_be_read unreadable"
        " not_readable failed fail fails failing skipped ignored not_indexed weren't_indexed couldn't_be_indexed"
        " could_not_be_indexed couldn't_be_opened could_not_be_opened couldn't_read could_not_read couldn't_you_read"
        " could_you_not_read can't_you_read can't_read cannot_read unable_to_read not_able_to_read unable_to_open"
        " weren't_read were_not_read wasn't_read was_not_read not_read broken corrupt* damaged left_out didn't_load"
        " did_not_load couldn't_be_loaded could_not_be_loaded not_be_read not_be_indexed couldn't_be_parsed"
        " could_not_be_parsed unsupported encrypted",
        Word.COUNT: "how_many number_of count amount_of total_number",
        Word.NEW: "new what's_new changed change changes modified updated added edited arrived came_in news",
        Word.OLDEST: "oldest",
        Word.LONGEST: "longest",
        Word.SHORTEST: "shortest",
        Word.LARGEST: "largest biggest",
        Word.SMALLEST: "smallest",
        Word.LATEST: "newest latest recent recently most_recent last lately",
        Word.EACH: "each every all each_one every_single all_of everything any",
        Word.OF: "in for from of across per by out_of throughout",
        Word.DOC: "document documents document's doc docs file files",
        Word.SORT: "invoices contracts minutes leases receipts bills agreements résumés resumes cvs payslips"
        " quotations",
        Word.FOLDER: "folder folders collection corpus library archive paperwork knowledge_base index directory",
        Word.PAPER: "offers quotes policies applications statements reports letters e-mails emails notes recipes"
        " meetings protocols certificates orders papers books",
        Word.ONE: "invoice contract lease receipt bill agreement résumé resume cv payslip quotation offer quote policy"
        " statement report letter e-mail email note recipe meeting certificate order paper book",
        Word.HAVE: "have has had got exist* there_is there_are there available hold* stored know"
        " known indexed index loaded access see saved uploaded what's_in in_here covered cover covers what's",
        Word.HOLD: "contain* include*",
        Word.MENTION: "mention* that_mention which_mention talk_about talks_about speak_of appear appears occur occurs",
        Word.WORD: "words term terms phrase expression",
        Word.HERE: "here in_here so_far in_total altogether overall at_the_moment right_now currently",
        Word.ABOUT: "about regarding concerning on_the_subject_of on_the_topic_of related_to dealing_with deal_with"
        " deals_with on refer* discuss*",
        Word.ANY: "anything something",
        Word.LIST: "list listing show overview display enumerate name tell give",
        Word.SAY: "say says said state states tell tells",
        Word.ASK: "what which what_kind_of what_sort_of what_kinds_of what_types_of what_type_of whats",
        Word.THIS: "this that it these those them this_one",
        Word.AND: "and with between to",
        Word.FN: "do does did i we you my our your me us a an the is are was were be been can could would will please"
        " now then kind sort type types kinds of in at to for with just briefly short shortly quick quickly like want"
        " need i'd i'm see get make write give create whole entire full there's so currently right some exactly both"
        " 's s by from document's in_my hi hello hey and or which one by_name stuff things thing most important"
        " concise brief bullet bullets points five three ten sentence sentences words paragraph since until",
    },
    "de": {
        Word.SUM: "fass* zusammenfass* zusammengefasst zusammen zusammenfassung hauptpunkt* kernpunkt* kernaussage*"
        " wichtigste* wichtigsten_punkte das_wichtigste überblick_über inhaltsangabe kurzfassung worum_geht_es"
        " worum_geht's um_was_geht_es wovon_handelt kurz_und_knapp resümee",
        Word.CMP: "vergleich* unterschied* unterscheid* gegenüberstell*",
        Word.FAIL: "nicht_gelesen nicht_lesen nicht_lesbar unlesbar* nicht_geöffnet nicht_indexiert nicht_indiziert"
        " nicht_eingelesen nicht_einlesen fehlgeschlagen* beschädigt* kaputt* fehlerhaft* übersprungen* ausgelassen*"
        " defekt* gescheitert*",
        Word.COUNT: "wie_viele wie_vielen wieviele wieviel wie_viel anzahl zähl* zahl_der",
        Word.NEW: "neu neue neues neuen geändert* hinzugekommen* dazugekommen* hinzugefügt* verändert* aktualisiert*"
        " bearbeitet* dazu gekommen änderungen neuigkeiten",
        Word.OLDEST: "älteste*",
        Word.LONGEST: "längste* umfangreichste*",
        Word.SHORTEST: "kürzeste*",
        Word.LARGEST: "größte* grösste* groesste*",
        Word.SMALLEST: "kleinste*",
        Word.LATEST: "neueste* neuste* letzte* jüngste* zuletzt kürzlich aktuellste*",
        Word.EACH: "jede jedem jeder jedes jeden alle allen aller sämtliche* alles einzelne*",
        Word.OF: "in aus von für pro je unter der",
        Word.DOC: "dokument* datei dateien unterlage*",
        Word.SORT: "rechnungen verträge verträgen protokolle protokollen mietverträge mietverträgen quittungen belege"
        " belegen policen gehaltsabrechnungen kontoauszüge kontoauszügen lebensläufe lebensläufen arbeitsverträge"
        " sitzungsprotokolle sitzungsprotokollen versicherungsverträge",
        Word.FOLDER: "ordner* sammlung bibliothek* archiv* korpus verzeichnis* akten papiere* index datenbestand"
        " bestand",
        Word.PAPER: "angebote angeboten bescheide bescheiden briefe briefen berichte berichten bewerbungen rezepte"
        " rezepten e-mails mails notizen bestellungen gutachten",
        Word.ONE: "rechnung vertrag protokoll mietvertrag quittung beleg police gehaltsabrechnung kontoauszug"
        " lebenslauf sitzungsprotokoll angebot bescheid brief bericht bewerbung rezept e-mail mail notiz bestellung"
        " vertrages vertrags sitzung versicherungsvertrag arbeitsvertrag",
        Word.HAVE: "habe hab haben hast hat gibt gibt's gibt_es vorhanden liegt liegen kennst weißt"
        " gespeichert indexiert indiziert erfasst drin sind_da verfügbar ist steckt befinden befindet steht stehen"
        " zugriff siehst abgelegt",
        Word.HOLD: "enthält enthalten",
        Word.MENTION: "erwähn* kommt kommen vorkommt vorkommen sprechen_von spricht_von",
        Word.WORD: "wort wörter begriff begriffe ausdruck",
        Word.HERE: "hier bisher insgesamt derzeit aktuell momentan im_moment darin drin gerade",
        Word.ABOUT: "über zu zum zur bezüglich betreffend zum_thema behandel* handeln_von betreff* um",
        Word.ANY: "irgendetwas irgendwas etwas",
        Word.LIST: "liste auflist* zeig* nenn* übersicht aufzähl* gib aufstellung",
        Word.SAY: "sagen sagt steht stehen",
        Word.ASK: "was welche welches welcher welchen welchem was_für",
        Word.THIS: "dies* das es jenes den die dem diese",
        Word.AND: "und mit zwischen",
        Word.FN: "der die das den dem des ein eine einen einer einem eines ich wir du sie mir mich uns mein meine"
        " meinen meiner meinem meines unser unsere unseren dein deine deinen deiner ihr ihre ist sind war wurde wurden"
        " werden wird worden kann können konnte konnten könnte kannst könntest bitte mal denn so kam kamen gab in im"
        " an auf bei nicht es man doch kurz knapp ganz ganze ganzen gesamte gesamten alles eigentlich noch da sich"
        " hallo art arten von schreib erstell* mach* einmal zwei drei fünf sätzen satz stichpunkten punkte punkten"
        " seit vom ab zusammen wichtig und vor los in_etwa wichtigsten sachen",
    },
    "fr": {
        Word.SUM: "résume* résumé* résumer resume* synthèse* synthétise* points_clés points_principaux"
        " principaux_points points_essentiels l'essentiel essentiel idées_principales grandes_lignes de_quoi_parle"
        " de_quoi_traite en_bref points_importants récapitul*",
        Word.CMP: "compar* différence* diffère* confront*",
        Word.FAIL: "illisible* pas_pu_être_lu* pas_pu_être_lus n'ont_pas_pu pas_été_lu* pas_été_indexé* n'a_pas_pu"
        " pas_lisible* impossible_à_lire impossibles_à_lire impossible_de_lire échoué* endommagé* corrompu* ignoré*"
        " pas_pu_lire pas_réussi pas_pu_ouvrir échec* pas_pu_être_indexé* pas_pu_être_ouvert* non_lu* être_lu* abîmé*"
        " en_erreur",
        Word.COUNT: "combien nombre compte*",
        Word.NEW: "nouveau* nouvelle* nouveauté* neuf changé* modifié* ajouté* arrivé* mis_à_jour mise_à_jour"
        " mises_à_jour changement*",
        Word.OLDEST: "plus_ancien* plus_vieux plus_vieil*",
        Word.LONGEST: "plus_long*",
        Word.SHORTEST: "plus_court*",
        Word.LARGEST: "plus_gros* plus_grand* plus_volumineux",
        Word.SMALLEST: "plus_petit*",
        Word.LATEST: "plus_récent* plus_nouve* dernier* dernière* récent* récemment derniers",
        Word.EACH: "chaque chacun* tous toutes tout l'ensemble ensemble tous_les toutes_les",
        Word.OF: "dans pour de des par parmi du d'après",
        Word.DOC: "document* fichier*",
        Word.SORT: "factures contrats procès-verbaux comptes-rendus comptes_rendus baux reçus devis quittances"
        " bulletins",
        Word.FOLDER: "dossier* collection bibliothèque* archive* corpus index répertoire papiers base_documentaire",
        Word.PAPER: "offres courriels lettres rapports recettes relevés attestations commandes candidatures notes"
        " polices e-mails mails",
        Word.ONE: "facture contrat procès-verbal compte-rendu compte_rendu bail reçu quittance bulletin offre courriel"
        " lettre rapport recette relevé attestation commande candidature note police e-mail mail réunion",
        Word.HAVE: "ai j'ai a as avons avez ont y_a_t-il il_y_a y_a-t-il a-t-il trouve* disponible*"
        " présent* connais* connaissez sais savez indexé* enregistré* stocké* existe* est-ce_qu'il_y_a y_a possède*"
        " dispose* as-tu avez-vous ai-je",
        Word.HOLD: "contient contiennent contenant",
        Word.MENTION: "mentionn* qui_mentionnent apparaît apparait apparaissent figure figurent",
        Word.WORD: "mot mots terme termes expression",
        Word.HERE: "ici là-dedans au_total en_tout actuellement pour_l'instant jusqu'ici en_ce_moment",
        Word.ABOUT: "sur au_sujet_de au_sujet à_propos concernant parle* parlent traite* évoque* relatif*"
        " qui_parlent_de",
        Word.ANY: "quelque_chose quoi_que_ce_soit",
        Word.LIST: "liste* lister montre* affiche* énumère* donne* vue_d'ensemble aperçu cite*",
        Word.SAY: "dit disent dis indique* indiquent",
        Word.ASK: "quels quelles quel quelle que quoi qu'est-ce qu'y qu'",
        Word.THIS: "ce cet cette ces ça cela celui-ci le la",
        Word.AND: "et avec entre",
        Word.FN: "le la les l' l un une des du de d' d je j' nous vous tu me moi mon ma mes notre nos votre vos ton ta"
        " tes est est-ce sont été être qui que qu' qu en à au aux dans il elle ils on y n' ne pas s' se peux peut"
        " pouvez pourrais pourriez s'il te plaît vous_plaît s'il_vous_plaît s'il_te_plaît svp stp donc bien entier"
        " complet court brièvement quels types type sortes sorte fais faire fait bonjour phrases phrase trois cinq"
        " points depuis quoi là par peux-tu pouvez-vous pourrais-tu pourriez-vous fais-moi donne-moi montre-moi"
        " dis-moi fais-en celui celle ceux celles sont-ils c'est pu ont avons lus lu",
    },
    "es": {
        Word.SUM: "resum* resúme* resumen* sintetiza* síntesis puntos_principales puntos_clave principales_puntos"
        " puntos_más_importantes lo_más_importante lo_esencial ideas_principales de_qué_trata de_qué_va de_qué_habla"
        " en_pocas_palabras a_grandes_rasgos",
        Word.CMP: "compar* diferencia* difiere* contrast*",
        Word.FAIL: "no_se_pudo_leer no_se_pudieron_leer no_se_han_podido_leer no_se_ha_podido_leer no_pudiste_leer"
        " no_has_podido_leer ilegible* no_legible* no_se_puede_leer no_se_pueden_leer no_se_leyeron fallaron falló"
        " fallado* dañado* corrupto* omitido* no_indexado* no_se_indexaron no_se_pudo_abrir no_se_pudieron_abrir"
        " no_se_pudieron_indexar no_pudieron_leerse no_ha_podido_leerse no_pudo_leerse no_puedes_leer con_errores"
        " defectuoso* no_se_pudo no_se_pudieron",
        Word.COUNT: "cuántos cuántas cuantos cuantas cuenta número cantidad",
        Word.NEW: "nuevo nueva nuevos nuevas novedad* cambi* modific* añadi* agreg* actualiza* llegado llegaron"
        " incorporad*",
        Word.OLDEST: "más_antiguo* más_antigua* más_viejo*",
        Word.LONGEST: "más_largo* más_extenso*",
        Word.SHORTEST: "más_corto* más_breve*",
        Word.LARGEST: "más_grande*",
        Word.SMALLEST: "más_pequeño*",
        Word.LATEST: "más_reciente* más_nuevo* último* última* reciente* recientemente últimamente",
        Word.EACH: "cada todos todas todo cada_uno",
        Word.OF: "en de para por entre según desde",
        Word.DOC: "documento* archivo archivos fichero*",
        Word.SORT: "facturas contratos actas recibos presupuestos pólizas nóminas currículos albaranes",
        Word.FOLDER: "carpeta* colección biblioteca* corpus índice papeles documentación directorio",
        Word.PAPER: "ofertas informes cartas correos recetas notas pedidos extractos certificados solicitudes"
        " alquileres",
        Word.ONE: "factura contrato acta recibo presupuesto póliza nómina currículo albarán oferta informe carta"
        " correo receta nota pedido extracto certificado solicitud reunión",
        Word.HAVE: "tengo tenemos tienes tiene hay existe* dispon* guardad* indexad* conoces sabes"
        " almacenad* incluye* está* encuentra* ves cuento",
        Word.HOLD: "contiene* contenga*",
        Word.MENTION: "menciona* aparece*",
        Word.WORD: "palabra palabras término términos expresión",
        Word.HERE: "aquí en_total hasta_ahora actualmente ahora_mismo por_ahora ahora",
        Word.ABOUT: "sobre acerca_de acerca respecto_a relacionado_con relacionados_con habla*"
        " hablan trata* tratan referente_a referentes_a",
        Word.ANY: "algo alguna_cosa",
        Word.LIST: "lista* listado muestra* muéstra* enseña* enumera* dime dame vista_general relación",
        Word.SAY: "dice dicen pone ponen indica* indican",
        Word.ASK: "qué que cuáles cuál cuales",
        Word.THIS: "este esta esto estos estas ese eso lo",
        Word.AND: "y e con entre",
        Word.FN: "el la los las un una unos unas lo de del al a en yo me mí nos mi mis nuestro nuestra nuestros"
        " nuestras tu tus su sus es son ser fue fueron ha han he hemos puedes puede podrías podría favor por por_favor"
        " se no ya leer tipo tipos clase clases hola entero completo breve brevemente haz hacer hazme frases tres"
        " cinco puntos desde para cosas cosa ahí dentro que hecho sido más pudo pudieron",
    },
    "da": {
        Word.SUM: "opsummer* sammenfat* resume* resumé* referer hovedpunkt* hovedpointe* vigtigste_punkter"
        " det_vigtigste hovedindhold* kort_fortalt hvad_handler kort_version nøglepunkter overblik_over",
        Word.CMP: "sammenlign* forskel* forskellen",
        Word.FAIL: "ikke_læses ikke_læst ikke_kunne_læses kunne_ikke_læses ulæselig* fejlede fejlet mislyk* beskadig*"
        " ødelagt* sprunget_over ikke_indekseret ikke_åbnes kan_ikke_læses ikke_blevet_læst ikke_kan_læses"
        " kunne_ikke_indekseres ikke_læse defekte",
        Word.COUNT: "hvor_mange antal* tæl",
        Word.NEW: "nyt ny nye ændret ændrede ændringer tilføjet kommet opdateret nyheder",
        Word.OLDEST: "ældste",
        Word.LONGEST: "længste",
        Word.SHORTEST: "korteste",
        Word.LARGEST: "største",
        Word.SMALLEST: "mindste",
        Word.LATEST: "nyeste seneste sidste for_nylig senest",
        Word.EACH: "hver hvert alle alt samtlige hver_enkelt hvert_enkelt",
        Word.OF: "i fra af for pr per på blandt ifølge",
        Word.DOC: "dokument* fil filer filerne filen",
        Word.SORT: "fakturaer fakturaerne kontrakter kontrakterne referater referaterne kvitteringer kvitteringerne"
        " regninger regningerne lejekontrakter lejekontrakterne lønsedler policer",
        Word.FOLDER: "mappe* samling* bibliotek* arkiv* indeks* papir*",
        Word.PAPER: "tilbud tilbuddene rapporter rapporterne breve brevene opskrifter opskrifterne ansøgninger aftaler"
        " aftalerne mails e-mails noter ordrer",
        Word.ONE: "faktura kontrakt referat kvittering regning lejekontrakt lønseddel police tilbud rapport brev"
        " opskrift ansøgning aftale mail e-mail note ordre møde",
        Word.HAVE: "har findes er_der ligger kender ved gemt indekseret tilgængelig* der",
        Word.HOLD: "indeholder",
        Word.MENTION: "nævner nævnes nævnt omtaler omtales optræder forekommer",
        Word.WORD: "ord ordet ordene begrebet udtrykket",
        Word.HERE: "her i_alt indtil_nu lige_nu i_øjeblikket herinde",
        Word.ABOUT: "om vedrørende angående handler_om omhandler",
        Word.ANY: "noget",
        Word.LIST: "vis liste list oversigt nævn giv opremse",
        Word.SAY: "siger står",
        Word.ASK: "hvad hvilke hvilken hvilket",
        Word.THIS: "den det denne dette disse",
        Word.AND: "og med mellem",
        Word.FN: "jeg vi du mig os min mit mine vores din dit dine en et den det de er var blev bliver blevet kan"
        " kunne vil gerne lige venligst tak i på til at som der så ikke være hele kort hej slags typer type af for_mig"
        " lav skriv sætninger tre fem punkter siden fra dem ting vær_sød",
    },
}
