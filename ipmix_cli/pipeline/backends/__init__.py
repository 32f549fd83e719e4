"""Where shards are made: the backends, and the table that names them."""
