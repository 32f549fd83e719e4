"""What several methods are made of: settings that check themselves, draws over batches, sequences and chains of steps."""
