-- observe with an old MTA that offers nothing: an answer to everything, recorded, and let pass.
local function check(what, said, expected)
    if said ~= nil then error(what .. " failed: " .. said) end
    if expected ~= nil and mt.getreply(conn) ~= expected then
        error(what .. ": unexpected reply " .. mt.getreply(conn))
    end
end

conn = mt.connect(address)
if conn == nil then error("mt.connect() failed") end
check("negotiate", mt.negotiate(conn, 2, 0, 0))
check("conninfo", mt.conninfo(conn, "mx.peer.example", "192.0.2.25"), SMFIR_CONTINUE)
check("helo", mt.helo(conn, "mx.peer.example"), SMFIR_CONTINUE)
check("mailfrom", mt.mailfrom(conn, "<>"), SMFIR_CONTINUE)
check("rcptto unknown", mt.rcptto(conn, "<nobody@ours.example>"), SMFIR_CONTINUE)
check("rcptto other", mt.rcptto(conn, "<user@elsewhere.example>"), SMFIR_CONTINUE)
check("rcptto ours", mt.rcptto(conn, "<a@ours.example>"), SMFIR_CONTINUE)
check("header", mt.header(conn, "Subject", "Undelivered"), SMFIR_CONTINUE)
check("eoh", mt.eoh(conn), SMFIR_CONTINUE)
check("body", mt.bodystring(conn, "first line\r\n"), SMFIR_CONTINUE)
check("eom", mt.eom(conn), SMFIR_ACCEPT)
mt.disconnect(conn)
