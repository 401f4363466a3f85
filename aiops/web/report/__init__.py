"""The report of a dry run: one self-contained HTML page, without scripts and without a single request."""

from aiops.web.report.page import render

__all__ = ["render"]
