"""What operators watch: the log, one function per event, names stable. Never a secret, never a message's text."""
