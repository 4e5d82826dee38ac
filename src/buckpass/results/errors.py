"""The errors that are the user's to mend, and those of writing a result."""

__all__ = ["BuckpassError", "OutputExists", "OutputFailed", "SaysNo"]


class BuckpassError(Exception):
    """Base of every error that is the user's to mend: the message says what was seen, why it matters, what to do."""


class SaysNo(BuckpassError):
    """What was asked about was read, and the answer is no: the commands exit with 1, and with 2 for every other error."""


class OutputExists(BuckpassError):
    """The output file is there already and was not overwritten, or no file can be there."""


class OutputFailed(BuckpassError):
    """A result could not be written (disk full, folder not writable); what was finished before is kept."""
