"""What several methods are made of: settings, draws over batches, sequences and chains of steps."""
