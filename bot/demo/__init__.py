"""`finops demo`: a made-up company with bills, budgets and people, and the bot run against it."""
