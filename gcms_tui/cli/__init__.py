"""The command line: the console and a headless twin of everything it does."""
