"""The slow loop: one module a review (later)."""
