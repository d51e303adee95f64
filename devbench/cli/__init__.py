"""The command line: one file a command, mounted by app.py."""
