"""What notices say while a mail is still tried, and once nobody will try again.

Drawn from rules/phrases/16-delay.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

from bouncesink.core.readers.phrases.row import Row

# What a notice says while delivery is still being tried.
DELAY: tuple[Row, ...] = (
    ("warning message only", None),
    ("not need to resend", None),
    ("n't need to resend", None),
    ("still trying", None),
    ("temporarily delayed", None),
    ("wird weiterhin versucht", None),
    ("wird weiter versucht", None),
    ("zustellung", re.compile(r"zustellung[^.\n]{0,90}verzögert")),
    ("weiterhin zuzustellen", None),
    ("nur eine warnung", None),
    ("nicht erneut senden", None),
    ("bisher nicht zugestellt", None),
    ("noch nicht zugestellt", None),
    ("n'a pas encore", None),
    ("simple avertissement", None),
    ("pas besoin de renvoyer", None),
    ("todavía no se ha", None),
    ("solo un aviso", None),
    ("sólo un aviso", None),
    ("no es necesario que reenv", None),
    ("se seguirá intentando", None),
    ("ainda não foi", None),
    ("ainda não pôde", None),
    ("continuará tentando", None),
    ("não é necessário reenviar", None),
    ("non è ancora stato", None),
    ("non è stato ancora", None),
    ("solo un avviso", None),
    ("nog niet afgeleverd", None),
    ("nog niet bezorgd", None),
    ("slechts een waarschuwing", None),
    ("ännu inte levererat", None),
    ("ikke leveret endnu", None),
    ("nie została jeszcze", None),
    ("to tylko ostrzeżenie", None),
    ("пока не доставлен", None),
    ("еще не доставлен", None),
    ("ещё не доставлен", None),
    ("только предупреждение", None),
    ("попытки доставки будут прод", None),
    ("引き続き配信", None),
    ("再送の必要はありません", None),
    ("配信が遅れて", None),
    ("继续尝试", None),
    ("无需重新发送", None),
    ("暂时无法投递", None),
    ("繼續嘗試", None),
    ("無需重新傳送", None),
    ("not yet been delivered", None),
    ("remains in the queue", None),
    ("remain in the queue", None),
    ("only a warning", None),
    ("attempts will continue", None),
    ("has not been delivered yet", None),
    ("delivery attempts will continue", None),
    ("will continue to be made", None),
    ("delay", re.compile(r"(?:delivery|message|mail)[^.\n]{0,60}(?:delayed|delay\b)|^delay(?:ed)?\b")),
    ("deferred", re.compile(r"(?:delivery|message|mail)[^.\n]{0,60}deferred")),
    ("will ", re.compile("will (?:be retried|keep trying|continue (?:to|trying)|retry|try again)")),
    ("could not send", re.compile("could not send (?:message|mail) for")),
)

# What a notice says once nobody will try again.
FINAL: tuple[Row, ...] = (
    ("no longer", None),
    ("not going to try again", None),
    ("too long", None),
    ("failed permanently", None),
    ("undeliverable", None),
    ("returned mail", None),
    ("endgültig", None),
    ("aufgegeben", None),
    ("définitiv", None),
    ("definitiv", None),
    ("окончательно", None),
    ("giving up", None),
    ("given up", None),
    ("give up", None),
    ("has failed", None),
    ("has expired", None),
    ("delivery failed", None),
    ("permanent", re.compile("permanent (?:fatal )?(?:error|failure)")),
    ("will not", re.compile("will not (?:be )?(?:retr|try)")),
    ("returned to", re.compile("returned to (?:the )?sender")),
    ("exceeded", re.compile("retry time(?:out)? exceeded")),
)

# What a report that calls itself a delay says of a recipient for whom nobody will try again.
GIVEN_UP = re.compile(
    "envelope expired",
)
