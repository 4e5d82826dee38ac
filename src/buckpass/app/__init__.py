"""The dashboard: one crisis, moved by hand, seen against its baseline."""

ENDS_WITH_INPUT = "BUCKPASS_SERVER_ENDS_WITH_INPUT"  # set where the server is to end with the pipe that it reads
