"""What strangers' filters write that want proof of a sender.

Drawn from rules/phrases/40-challenge.toml by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

import re

# One of these is in every challenge, and in hardly any bounce.
HINTS = (
    "confirm",
    "verif",
    "challenge",
    "waitlist",
    "guest list",
    "whitelist",
    "approved sender",
    "spamarrest",
    "human",
    "senders i have approved",
    "junk mail",
    "bestätig",
    "autentic",
    "authentifi",
    "captcha",
    "anti-spam",
    "robot",
    "prove that you",
    "approved list",
    "freigegeben",
    "freigeschalt",
    "antispam",
)

# What a challenge asks for.
CHALLENGE = re.compile(
    "challenge[/ -]response|(?:please|must|need to|you can|have to|to) (?:reply to this (?:message|e-?mail)"
    "|click|follow|visit|use)[^.]{0,120}(?:confirm|verify|approve|authenticate|release|deliver)|(?:please )?(?:confirm"
    r"|verify) (?:that )?(?:you are|you're|you\b|yourself|your\b(?! recipient))[^.]{0,60}(?:human|real person"
    "|person|identity|sender|not (?:a )?(?:spam|robot|machine)|message|address|e-?mail)[^.]{0,160}(?:click"
    "|reply|link|deliver|before|by (?:replying|clicking)|once)|was waitlisted|to have (?:your|the|this) (?:message"
    "|mail|e-?mail) delivered,? (?:please )?(?:click|follow|visit|reply)|add yourself to (?:my|the|their) guest list"
    "|held (?:because|until)[^.]{0,80}(?:not been|is|are|you)[^.]{0,20}(?:verified|confirmed|confirm|verify)"
    "|one[- ]time (?:verification|confirmation|authentication)[^.]{0,40}(?:process|step|request)|(?:requires?"
    "|awaiting|needs) (?:sender )?(?:verification|confirmation)|only from senders i have approved|added to (?:my"
    "|the) list of approved senders|(?:ensure|prove|make sure|sure) that (?:your|the|this) (?:message|mail"
    "|e-?mail) was sent by a (?:human|person)|prove that you are (?:not a |a )(?:spam|person|human|robot|real)"
    "|reply to this (?:message|e-?mail) to be added to (?:the|my|their) (?:approved|allowed|safe)|(?:clicchi"
    "|cliccare|faccia clic|risponda)[^.]{0,160}(?:robot|umano|persona|consegnat)|robot[^.]{0,60}(?:clicchi"
    "|clicca|faccia clic)|klik(?:t u)? op[^.]{0,100}(?:robot|mens bent|bevestig)|just (?:this )?once,? (?:please )?(?:click"
    "|follow|reply)|precisa de confirma|confirma[cç](?:ao|ão)[^.]{0,200}(?:clique|responda|digite)|digite os caracteres"
    "|(?:cliquez|répondez)[^.]{0,160}(?:authentifi|débloquer|(?:humain|robot))|(?:haga clic|responda|pulse)[^.]{0,160}(?:aute"
    "ntic|humano|robot|remitente)|(?:bestätigen sie|klicken sie|antworten sie)[^.]{0,160}(?:freigegeben|freischalt"
    "|mensch|roboter)",
    re.IGNORECASE,
)

# What a challenge has in its subject.
CHALLENGE_SUBJECT = re.compile(
    r"\bverify#|\(conf#|challenge[/ -]response|(?:requires?|needs|please) (?:your )?(?:verification|confirmation"
    r"|confirm)|confirm your (?:message|e-?mail)|sender (?:verification|confirmation) (?:required|request)|\[spamarrest\]"
    "|^authenticate (?:your )?message",
    re.IGNORECASE,
)
