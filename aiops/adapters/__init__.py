"""Everything that talks to something outside, one package each."""
