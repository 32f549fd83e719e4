"""IPMix: its settings, its plans, and how a plan is applied. Knows no disk and no process."""
