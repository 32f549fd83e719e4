"""``python -m ipmix_cli`` is ``ipmix``."""

from ipmix_cli.cli.app import main

main()
