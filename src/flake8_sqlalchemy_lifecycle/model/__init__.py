"""What the linted code means. Knows no rule, and nothing of flake8."""
