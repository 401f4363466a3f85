"""Seeds: the dry run over simulated shops that nobody looked at while building.

``python -m tests.seeds`` runs the seeds 1 to 20, which are for acceptance alone: whoever tunes anything does
it with ``--seeds 1000-1019``.
"""
