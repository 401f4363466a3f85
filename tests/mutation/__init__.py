"""Mutation: is every line of the guards held by a test? Each mutant is one small lie in the code (G13)."""
