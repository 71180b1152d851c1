"""The command line: one module a command group. Tables for people, JSON for programs, exit codes from sysexits."""
