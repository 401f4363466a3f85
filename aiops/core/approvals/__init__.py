"""Approvals: questions to people as records of the journal, who may answer, and when an answer counts."""
