"""What one IPMix copy is: its numbers, its plan, and how a plan is applied. Knows no disk and no process."""
