"""An explanation's life as the functions alone have it; what must hold in it stands in explanation_life."""

from __future__ import annotations

from hypothesis import settings

from tests.finops.explanation_life import ExplanationLife

TestExplanationLife = ExplanationLife.TestCase
TestExplanationLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
