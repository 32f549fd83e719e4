"""``python -m ipmix_cli`` is ``ipmix``."""

from ipmix_cli.cli.entry import main

main()
