"""Tests of what is deployed: the chart."""
