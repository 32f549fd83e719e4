"""HDF5 by its bytes: what h5py does not offer, and what untrusted files may not do."""
