"""The shell round the core: reads, advances, journals, carries out."""
