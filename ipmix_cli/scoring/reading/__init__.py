"""Reading predictions: any common file of scores, folders of them, and what `ipmix evaluate` wrote."""
