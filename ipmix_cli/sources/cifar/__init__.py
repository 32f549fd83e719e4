"""CIFAR-10 and CIFAR-100: python and binary versions, archives, batches."""
