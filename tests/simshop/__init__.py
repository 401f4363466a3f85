"""A simulated shop: makes recordings with known incidents, from a seed and a list of faults.

``python -m tests.simshop --seed 7 --days 8 --faults leak,cpu,deploy,surge,disk,dependency -o DIR``
"""
