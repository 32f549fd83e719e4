"""What a copy is: one folder or file per method, over shared operations and mixings."""
