"""The HTTP API: reading incidents, approvals and the journal, and saying what a person may say."""
