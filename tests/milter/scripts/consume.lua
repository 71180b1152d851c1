-- consume, as Debian's miltertest sees it: negotiation, a refusal, a bounce, an abort, a mail that is not ours.
local function check(what, said, expected)
    if said ~= nil then error(what .. " failed: " .. said) end
    if expected ~= nil and mt.getreply(conn) ~= expected then
        error(what .. ": unexpected reply " .. mt.getreply(conn))
    end
end

conn = mt.connect(address)
if conn == nil then error("mt.connect() failed") end
check("negotiate", mt.negotiate(conn, nil, nil, nil))
for _, option in pairs({SMFIP_NR_CONN, SMFIP_NR_HELO, SMFIP_NR_MAIL, SMFIP_NR_HDR, SMFIP_NR_EOH, SMFIP_HDR_LEADSPC, SMFIP_SKIP}) do
    if not mt.test_option(conn, option) then error("option was not asked for: " .. option) end
end
for _, option in pairs({SMFIP_NR_RCPT, SMFIP_NR_DATA, SMFIP_NR_BODY, SMFIP_RCPT_REJ, SMFIP_NOHDRS, SMFIP_NOBODY, SMFIP_NODATA}) do
    if mt.test_option(conn, option) then error("option was asked for: " .. option) end
end
for _, action in pairs({SMFIF_ADDHDRS, SMFIF_CHGBODY, SMFIF_ADDRCPT, SMFIF_DELRCPT, SMFIF_CHGHDRS, SMFIF_QUARANTINE, SMFIF_CHGFROM}) do
    if mt.test_action(conn, action) then error("action was asked for: " .. action) end
end
check("conninfo", mt.conninfo(conn, "mx.peer.example", "192.0.2.25"))
mt.macro(conn, SMFIC_HELO, "{tls_version}", "TLSv1.3")
check("helo", mt.helo(conn, "mx.peer.example"))

-- refused at RCPT
mt.macro(conn, SMFIC_MAIL, "i", "FIRST")
check("mailfrom", mt.mailfrom(conn, "<>", "BODY=8BITMIME"))
check("rcptto unknown", mt.rcptto(conn, "<nobody@ours.example>"), SMFIR_REPLYCODE)
check("rcptto ours", mt.rcptto(conn, "<a@ours.example>"), SMFIR_CONTINUE)
check("rcptto other", mt.rcptto(conn, "<user@elsewhere.example>"), SMFIR_REPLYCODE)

-- aborted, and then sent
check("data", mt.data(conn), SMFIR_CONTINUE)
check("abort", mt.abort(conn))
mt.macro(conn, SMFIC_MAIL, "i", "SECOND")
check("mailfrom again", mt.mailfrom(conn, "<>"))
check("rcptto again", mt.rcptto(conn, "<a@ours.example>"), SMFIR_CONTINUE)
check("data again", mt.data(conn), SMFIR_CONTINUE)
check("header", mt.header(conn, "Subject", "Undelivered\n folded"))
check("eoh", mt.eoh(conn))
check("body", mt.bodystring(conn, "first line\r\n"), SMFIR_CONTINUE)
check("body again", mt.bodystring(conn, "second line\r\n"), SMFIR_CONTINUE)
check("eom", mt.eom(conn), SMFIR_DISCARD)

-- not ours: accepted before any content
check("mailfrom other", mt.mailfrom(conn, "<friend@elsewhere.example>"))
check("rcptto other alone", mt.rcptto(conn, "<user@elsewhere.example>"), SMFIR_CONTINUE)
check("data other", mt.data(conn), SMFIR_ACCEPT)
check("abort other", mt.abort(conn))

-- our own trouble
check("mailfrom busy", mt.mailfrom(conn, "<>"))
check("rcptto busy", mt.rcptto(conn, "<busy@ours.example>"), SMFIR_CONTINUE)
check("data busy", mt.data(conn), SMFIR_CONTINUE)
check("header busy", mt.header(conn, "Subject", "x"))
check("eoh busy", mt.eoh(conn))
check("eom busy", mt.eom(conn), SMFIR_REPLYCODE)
if not mt.eom_check(conn, MT_SMTPREPLY, "451", "4.3.0", "cannot record now, try again later") then
    error("eom busy: not the reply that was expected")
end
mt.disconnect(conn)
