"""Compiled loops, one file a family of methods; each is imported when it is first used."""
