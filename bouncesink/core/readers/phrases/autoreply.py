"""What machines write for persons who are away, gone or busy (RFC 3834), where no header says so.

Drawn from rules/phrases/30-autoreply.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

from bouncesink.core.readers.phrases.row import Row

# How the subject of a machine's answer begins.
AUTO_REPLY_SUBJECT = re.compile(
    r"^\W*(?:\w[\w .-]{1,24}\]\W*)?(?:(?:re|aw|fwd?|sv|antw)\b[\s:]*)?\W*(?:auto(?:matic|mated|matisch(?:e[srn]?)?"
    "|matski|matisk(?:t)?)?[- ]?(?:repl(?:y|ies)|respon[sd]e?r?|antwort|svare?|antwoord|odpowied|odgovor)|auto(?: ?re)?:"
    r"|out[- ]of[- ](?:the[- ])?office|o(?:ut)?oo\b|vacation(?: (?:reply|message|notice|auto))?|on (?:vacation"
    r"|holiday|leave)\b|away (?:from|notice)|abwesen(?:d|heit)|nicht im (?:büro|haus)|eingangsbestätigung|r[ée]ponse automatiq"
    "ue|absence du bureau|absent|message d.absence|accusé de réception|respuesta autom[áa]tica|fuera de (?:la )?oficina"
    "|ausente|ausência|resposta autom[áa]tica|fora do escritório|risposta automatica|fuori sede|fuori ufficio"
    "|assenza dall.ufficio|afwezig|frånvaro|fravær|poissa|odpowiedź automatyczna|nieobecność|automatická odpověď"
    "|nepřítomnost|автоответ|автоматический ответ|отсутств|automaattinen vastaus|automatikus válasz|automatyczna odpowiedź"
    "|otomatik (?:yanıt|cevap)|ofis dışında|(?:부재 중 )?자동 ?(?:회신|응답)|부재 중|自動(?:返信|応答|回复"
    "|回覆)|自动(?:回复|答复)|不在|מענה אוטומטי|תשובה אוטומטית|رد تلقائي|الرد التلقائي|αυτόματη απάντηση|автоматична відповід"
    "ь|автовідповідь|автоматичен отговор|аутоматски одговор|r[aă]spuns automat|automatická odpove[dď]|samodejni odgovor"
    "|automatinis atsak|automātisk[āa] atbild|automaatvastus|sjálfvirkt svar|resposta automàtica|trả lời tự động"
    "|balasan otomatis|jawapan automatik|ตอบกลับอัตโนมัติ|ตอบกลับโดยอัตโนมัติ|unattended mailbox|neprítomnos[tť]"
    "|mesaj de absen|εκτός γραφείου|відсутн|я у відпустці|я в отпуске|خارج المكتب|מחוץ למשרד|ไม่อยู่ที่สำนักงาน"
    "|vắng mặt|sedang cuti|odsutn?ost|odsotnost|olen puhkusel|fora de l.oficina|házon kívül)",
    re.IGNORECASE,
)

# What stands anywhere in the subject of a machine's answer.
AUTO_REPLY_IN_SUBJECT = re.compile(
    r"\bis (?:currently )?(?:out of (?:the )?office|on (?:vacation|leave)|away)\b|\(out of (?:the )?office\)"
    r"|\bist (?:derzeit )?(?:außer haus|nicht im büro|im urlaub|abwesend)|\best (?:actuellement )?absente?\b"
    r"|\] ?auto-?reply:|\bno longer (?:with|at|works|employed)\b",
    re.IGNORECASE,
)

# What a machine's answer says of itself.
AUTO_REPLY: tuple[Row, ...] = (
    (
        "this is an",
        re.compile("this is an? auto(?:matic|mated|-?generated)? ?-?(?:reply|response|message|e-?mail|notification)"),
    ),
    (
        "automatic",
        re.compile("automatic(?:ally)? (?:generated |sent |created )?(?:reply|response|acknowledge?ment|confirmation)"),
    ),
    ("automatically", re.compile("(?:has been|was|is) automatically (?:generated|created|sent) (?:in|as|by|from|to)")),
    ("no longer", re.compile("no longer (?:at|in use and your) ")),
    (
        "monitored",
        re.compile(
            "(?:mailbox|account|address|inbox) is (?:no longer|not) (?:being )?monitored|(?:unmonitored|not monitored) (?:mai"
            "lbox|account|address|inbox)"
        ),
    ),
    ("not monitored", re.compile("(?:mailbox|account|address|inbox) (?:that|which) is not (?:being )?monitored")),
    (
        "received your",
        re.compile(r"\bwe (?:have )?received your (?:message|e-?mail|mail|request|enquiry|inquiry|query)\b(?!,? but\b)"),
    ),
    (
        "ticket",
        re.compile(
            r"(?:ticket|case)(?: \S{1,20})?(?: has been| was|,) (?:successfully )?(?:created|opened|logged|registered)\b"
        ),
    ),
    ("to this auto", re.compile("not (?:reply|respond) to this auto(?:mated|matic)")),
    ("wird nicht gelesen", None),
    ("hemos recibido su", None),
    ("abbiamo ricevuto la sua", None),
    ("abbiamo ricevuto il suo", None),
    ("hebben uw", re.compile("hebben uw (?:bericht|e-mail|mail|vraag|aanvraag) ontvangen")),
    ("recebemos", re.compile("recebemos (?:a |o )?(?:sua|seu) (?:mensagem|e-mail|email|solicitação|pedido)")),
    ("bien reçu votre", None),
    ("邮件已收到", None),
    ("haben ihre", re.compile("haben ihre (?:anfrage|nachricht|e-mail|mail) erhalten")),
    ("unattended mailbox", None),
    ("unattended account", None),
    (
        "automatisch",
        re.compile("automatische? (?:antwort|eingangsbest|generiert|erstellt|erzeugt|nachricht|gegenereerd|antwoord)"),
    ),
    ("réponse automatique", None),
    ("reponse automatique", None),
    ("message automatique", None),
    ("respuesta automática", None),
    ("respuesta automatica", None),
    ("mensaje automático", None),
    ("resposta automática", None),
    ("mensagem automática", None),
    ("risposta automatica", None),
    ("messaggio automatico", None),
    ("automatiskt svar", None),
    ("automatisk svar", None),
    ("autosvar", None),
    ("automaattinen vastaus", None),
    ("automatyczna odpowied", None),
    ("автоматический ответ", None),
    ("automatická odpověď", None),
    ("automatikus válasz", None),
    ("otomatik yanıt", None),
    ("otomatik cevap", None),
    ("自動返信", None),
    ("自动回复", None),
    ("自動回覆", None),
    ("自动答复", None),
    ("자동 회신", None),
    ("자동 응답", None),
    ("자동회신", None),
    ("자동응답", None),
)

# What is said of a person who is away or has left, and never of a mailbox.
ABSENCE: tuple[Row, ...] = (
    ("out of", re.compile(r"(?:i am|i'm|i will be|we are|is|am|be|currently) (?:\S+ ){0,6}?out of (?:the |my )?office")),
    (
        "away",
        re.compile(
            "(?:am|i'm|is|be) (?:currently |now |presently )?away (?:from (?:the |my )?(?:office|desk|mail)|until|on |for )"
        ),
    ),
    (
        " on ",
        re.compile(
            "(?:am|i'm|is|be|are) (?:currently |now |presently )?on (?:vacation|annual leave|holidays?|leave|[mp]atern|sick)"
        ),
    ),
    ("i will not be reading my mail", None),
    ("not able to read your message", None),
    ("not available to read your", None),
    (
        "left",
        re.compile(
            r"(?:has|have) left (?:the company|our company|the organi[sz]ation|the firm)|\bleft [^.]{1,40}(?: ltd\b"
            r"| inc\b| llc\b|gmbh| company| organi[sz]ation| firm\b| business| university| team\b)"
        ),
    ),
    ("on pto", None),
    ("on sabbatical", None),
    ("away at", re.compile("(?:i am|i'm) away at ")),
    ("i'm off until", None),
    ("i am off until", None),
    ("new role", re.compile("moved (?:on )?to a(?:nother| new) (?:role|position|company|job)")),
    ("de retour au bureau", None),
    ("no estaré disponible", None),
    ("har semester", None),
    ("vuosilomalla", None),
    ("čerpám dovolenou", None),
    ("čerpám řádnou", None),
    ("休暇中", None),
    ("休假中", None),
    ("휴가중", None),
    ("izinliyim", None),
    ("my last day", re.compile(r"\bmy last day (?:at|with|in|was|is)\b")),
    ("an employee", re.compile("no(?:t| longer) an employee")),
    (
        "verlassen",
        re.compile(
            r"(?:hat|haben) (?:das|unser|die|unsere) (?:unternehmen|haus|firma|gesellschaft|organisation)\b.{0,40} verlassen"
        ),
    ),
    ("wieder", re.compile("bin (?:ich )?.{0,40}wieder (?:erreichbar|im büro|im haus|für sie da)")),
    ("im ruhestand", None),
    ("suis en arrêt", None),
    ("congé maternité", None),
    ("a quitté", re.compile("a quitté (?:la société|l.entreprise|notre|le groupe|ses fonctions|son poste)")),
    ("estoy de baja", None),
    ("ha dejado", re.compile("ha dejado (?:la empresa|la compañía|nuestra)")),
    ("ya no forma parte", None),
    ("ya no pertenece", None),
    ("ha lasciato", re.compile("ha lasciato (?:l.azienda|la società|la nostra|il gruppo)")),
    ("al mio rientro", None),
    ("deixou", re.compile("deixou (?:a empresa|a companhia|a nossa)")),
    ("faz mais parte", re.compile("(?:não|já não) faz mais parte")),
    ("já não faz parte", None),
    ("werkt niet meer", None),
    ("niet meer in dienst", None),
    ("har slutat", None),
    ("har sluttet", None),
    ("er fratrådt", None),
    ("ikke længere", re.compile("ikke længere (?:ansat|hos|i virksomheden)|arbejder ikke længere")),
    ("ikke lenger", re.compile("ikke lenger (?:ansatt|hos)|jobber ikke lenger")),
    ("på barsel", None),
    ("enää", re.compile("ei (?:enää (?:työskentele|ole)|ole enää töissä)")),
    ("nie pracuje", None),
    ("jestem nieobecn", None),
    ("nepracuje", re.compile("(?:již|už) [^.]{0,40}nepracuje")),
    ("nejsem v kanceláři", None),
    ("nem dolgozik", None),
    ("nem vagyok az irodában", None),
    ("меня нет", re.compile("меня нет (?:в офисе|на месте|на рабочем)")),
    ("уволил", None),
    ("ayrılmıştır", None),
    ("çalışmamakta", None),
    ("ofis dışında", None),
    ("出張中", None),
    ("出張のため", None),
    ("不在办公室", None),
    ("我目前出差", None),
    ("출장 중", None),
    (
        " bin ",
        re.compile(
            r"\bbin (?:ich )?(?:\S+ ){0,6}?(?:nicht im (?:büro|haus)|im urlaub|abwesend|au(?:ß|ss)er haus|nicht erreichbar)"
        ),
    ),
    ("nicht im b", re.compile(r"\bwerde (?:ich )?(?:\S+ ){0,6}?nicht im büro")),
    (
        "nicht mehr",
        re.compile(
            "arbeitet? nicht mehr|nicht mehr (?:bei uns|(?:im|in unserem) unternehmen|für .{1,40}) (?:tätig|beschäftigt)"
        ),
    ),
    ("je suis", re.compile(r"je suis (?:\S+ ){0,6}?(?:absente?|en cong[eé]|en vacances|en déplacement)")),
    ("ne travaille plus", None),
    ("vacaciones", re.compile(r"(?:estoy|estaré|me encuentro) (?:\S+ ){0,6}?(?:de|en) vacaciones")),
    ("fuera de", re.compile(r"(?:estoy|estaré|me encuentro|me encontraré) (?:\S+ ){0,6}?fuera de (?:la )?oficina")),
    ("ya no trabaja", None),
    ("férias", re.compile(r"(?:estou|estarei|encontro-me|me encontro) (?:\S+ ){0,6}?(?:de|em) férias")),
    ("ausente", re.compile(r"(?:estou|estarei|encontro-me|me encontro|estoy|estaré) (?:\S+ ){0,6}?ausente")),
    ("fora do escritório", None),
    ("não trabalha mais", None),
    ("já não trabalha", None),
    ("ferie", re.compile(r"(?:sono|sarò) (?:\S+ ){0,6}?in ferie")),
    ("assente", re.compile(r"(?:sono|sarò) (?:\S+ ){0,6}?assente")),
    ("fuori ufficio", None),
    ("non lavora più", None),
    ("ik ben", re.compile(r"ik ben (?:\S+ ){0,6}?(?:afwezig|(?:met|op) vakantie|niet aanwezig|vrij tot|buiten kantoor)")),
    ("niet meer werkzaam", None),
    ("afwezig tot", None),
    ("jag är", re.compile(r"jag är (?:\S+ ){0,6}?(?:på semester|(?:föräldra)?ledig|bortrest|tjänstledig|inte på kontoret)")),
    ("jeg er", re.compile(r"jeg er (?:\S+ ){0,6}?(?:på ferie|bortrejst|bortreist|ikke på kontoret|fraværende)")),
    ("olen lomalla", None),
    ("olen poissa", None),
    ("na urlopie", None),
    ("в отпуске", None),
    ("буду отсутствовать", None),
    ("mám dovolenou", None),
    ("na dovolené", None),
    ("szabadságon vagyok", None),
    ("izindeyim", None),
    ("yıllık izin", None),
    ("休暇をいただ", None),
    ("不在にして", None),
    ("正在休假", None),
    ("휴가 중", None),
    ("no longer", re.compile("no longer (?:works?|working|employed|with|part of) ")),
    ("retired", re.compile("(?:has|have) (?:now )?retired")),
    ("limited access to", re.compile("limited (?:or no )?access to (?:my )?(?:e-?mail|mailbox|inbox|messages)")),
    (
        "return",
        re.compile(
            r"\bi (?:will|shall) (?:\w+ )?(?:respond|reply|answer|get back)[^.]{0,60}(?:on|upon|after|when) (?:my|i) return"
        ),
    ),
    ("i am back", re.compile("(?:when|once|until) i am back")),
    ("travel", re.compile("(?:i am|i'm) (?:currently |now )?travell?ing")),
    ("urlaub", re.compile(r"\bbefinde (?:ich )?mich (?:\S+ ){0,6}?im urlaub")),
    ("elternzeit", re.compile(r"(?:bin|befinde) (?:\S+ ){0,6}?in elternzeit")),
    ("en congé", re.compile("actuellement en cong[eé]s?")),
    ("partie de", re.compile("ne fait plus partie de (?:la société|l.entreprise|l.équipe|nos)")),
    ("non collabora più", None),
    ("holder ferie", None),
    ("har ferie", None),
    ("отпуске", re.compile(r"\bв (?:\S+ )?отпуске")),
    ("больше не работает", None),
    ("в отпуск съм", None),
    ("у відпустці", None),
    ("у відпустку", None),
    ("більше не працює", None),
    ("na dovolenke", None),
    ("už nepracuje", None),
    ("již nepracuje", None),
    ("na godišnjem", re.compile("na godišnjem (?:sam )?odmoru")),
    ("na odmoru", None),
    ("na dopustu", None),
    ("în concediu", None),
    ("in concediu", None),
    ("nu mai lucrează", None),
    ("απουσιάζω", None),
    ("εκτός γραφείου", None),
    ("σε άδεια", None),
    ("atostogauju", None),
    ("atostogose", None),
    ("atvaļinājumā", None),
    ("olen puhkusel", None),
    ("estic", re.compile("estic (?:de vacances|fora de l.oficina)")),
    ("í fríi", None),
    ("في إجازة", None),
    ("خارج المكتب", None),
    ("בחופשה", None),
    ("מחוץ למשרד", None),
    ("در مرخصی", None),
    ("ลาพักร้อน", None),
    ("ลาหยุด", None),
    ("nghỉ phép", None),
    ("sedang cuti", None),
    ("sedang bercuti", None),
    ("छुट्टी पर", None),
    ("退職いた", None),
    ("退職しま", None),
    ("离职", None),
    ("離職", None),
    ("퇴사", None),
)
