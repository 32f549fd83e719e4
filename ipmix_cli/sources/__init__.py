"""What ipmix reads: one file per format of untrusted input; one rule for labels."""
