"""An explanation's life as the functions alone have it, and what they decide in single cases."""

from __future__ import annotations

from hypothesis import settings

from tests.finops.explanation_life import ExplanationLife

TestExplanationLife = ExplanationLife.TestCase
TestExplanationLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
