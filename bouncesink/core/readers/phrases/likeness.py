"""How a mail looks from outside, before anybody has read it: words of other people's, kept as data.

Drawn from rules/phrases/10-likeness.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

# What mail systems call themselves in From.
DAEMON = re.compile(
    "mailer[-_. ]?daemon|mail[-_. ]?(?:daemon|deliver)|post[-_.]?master|mdaemon|delivery[-_. ](?:subsystem"
    "|system|status|agent|notification)|mail[-_. ]?(?:system|administrator|router|gateway|server)|-mailer@"
    r"|network mailer|\bmmdf\b|\bpmdf\b|microsoftexchange[0-9a-f]{20,}@|system administrator|mail\.delivery\.system"
    r"|\bbounces?[-+@]|no-?reply@sns",
    re.IGNORECASE,
)

# What a notice of failure has in its subject.
SUBJECT = re.compile(
    r"undeliver|returned (?:e-?)?mail|^\W*(?:failed|undelivered|unsent) (?:e-?)?mail\b|(?:mail|message|e-?mail)[^:]{0,20} (?:d"
    "elivery )?(?:returned|failed|failure|error|problem)|delivery[^:]{0,30}(?:fail|status|problem|error|notif"
    "|delay|warning|report|unsuccess|not )|(?:failed|failure)[^:]{0,10} delivery|failure[^:]{0,10} (?:notice"
    "|report|notif)|returning message to sender|returned to sender|could not (?:be )?(?:send|sent|deliver)"
    "|non[- ]?(?:delivery|deliverable|remis|livr)|unable to deliver|not (?:be )?(?:delivered|deliverable)|(?:error"
    "|problem) (?:sending|delivering)|(?:user|host|address|recipient) unknown|unknown (?:user|recipient|address)"
    r"|mail system error|rejected|^\W*(?:[\w ]{1,20}: ?)?bounced?\b|\bbounced\W*$|bounced? (?:\w+ )?(?:mail"
    r"|message|e-?mail|notif|notice|report|action|from)|(?:mail|message|e-?mail)[^:]{0,20} bounced\b|there was an error"
    "|nicht (?:zugestellt|ausgeliefert)|n.a p(?:as )?u être|non (?:è stato )?(?:consegnat|recapitat)|não (?:pôde ser )?entreg"
    "ue|unzustellbar|zustell(?:ung|fehl)|fehlgeschlagen|unbestellbar|non remis|échec|echec|notification d.état"
    "|no entregad|no se (?:pudo|ha podido)|entrega[^:]{0,30}(?:falh|fall|notif)|devolvid|devuelto|mancata consegna"
    "|non recapitabil|impossibile recapitare|niet (?:worden )?bezorgd|gick inte att leverera|kunne ikke leveres"
    "|no se (?:puede|pueden) entregar|não é possível entregar|nelze doručit|nem kézbesíthet|teslim edilemedi"
    "|не удалось доставить|配信不能|kunde inte levereras|ei voitu toimittaa|toimittaminen epäonnistui|nem sikerült kézbesíten"
    "i|nebylo možné doručit|nebolo možné doručiť|nie (?:można|mogła|została|zostala) (?:zostać )?dostarcz|nu a putut fi livra"
    "t|δεν (?:παραδόθηκε|ήταν δυνατή η παράδοση)|iletilemedi|ulaştırılamadı|не вдалося доставити|не може да бъде доставен"
    "|전송 ?실패|발송 ?실패|반송|không (?:thể gửi|gửi được)|gagal (?:dikirim|terkirim)|tidak (?:dapat )?terkirim"
    "|تعذر (?:تسليم|التسليم)|לא ניתן (?:למסור|היה)|nije (?:isporučen|dostavljen)|nepavyko pristatyti|neizdevās piegādāt"
    "|onbestelbaar|niet (?:worden )?afgeleverd|недоставл|не доставлен|niedostarcz|nie dostarcz|nedoruč|退信"
    "|无法|投递|未送達|配信|配送|falha (?:na|de|no) (?:entrega|envio)|(?:error|fallo|falla) (?:de|en la|en el) (?:entrega"
    "|envío)|mancato recapito|(?:messaggio|email|e-mail) (?:rifiutat|respint|restituit)|ikke leveret|ikke levert"
    "|leveringsfejl|leveringsfeil|leveransfel|kézbesítési|sikertelen kézbesítés|nelivrat|livrare eșuată|не е доставен"
    "|неуспешна доставка|neuspjela isporuka|neuspela isporuka|ni bilo mogoče dostaviti|αποτυχία παράδοσης|teslimat (?:hata"
    "|başarısız)|teslim edile|ошибка доставки|возврат (?:письма|сообщения|почты)|не доставлено|письмо отклонено"
    "|помилка доставки|لم يتم (?:ال)?تسليم|فشل (?:ال|في )?تسليم|לא נמסר|تحویل ناموفق|تحویل نشد|वितरित नहीं"
    "|ไม่สามารถส่ง|ส่งไม่สำเร็จ|tidak terkirim|gagal dihantar|không gửi được|郵件退回|邮件退回|お届けできません"
    "|배달 ?실패|전달 ?실패|chyba doruč|błąd dostarcz|niet (?:afgeleverd|bezorgd)|bezorging mislukt|geweigerd:"
    "|non (?:distribué|délivré|livré)|no fue entreg|fallida|(?:correo|mensaje) (?:rechazad|devuelt|no entregad)"
    "|(?:mensagem|email|e-mail) (?:rejeitad|recusad|devolvid|não entregue)|(?:nachricht|mail) (?:abgewiesen"
    "|abgelehnt|zurückgewiesen)|送信できません|返送|エラー",
    re.IGNORECASE,
)

# What a mail program puts before the subject of an answer.
ANSWER = re.compile(
    r"\s*(?:\[[\w .-]{1,24}\]\s*)?(?:re|aw|antw?|sv|vs|odp|rv|rif|ynt|回复|答复|返信)(?:\[\d+\])?\s*[:：]",
    re.IGNORECASE,
)
