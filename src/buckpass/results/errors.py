"""The errors that are the user's to mend, and those of writing a result."""

__all__ = ["BuckpassError", "OutputExists", "OutputFailed"]


class BuckpassError(Exception):
    """Base of every error that is the user's to mend: the message says what was seen, why it matters, what to do."""


class OutputExists(BuckpassError):
    """The output file is there already and was not overwritten, or no file can be there."""


class OutputFailed(BuckpassError):
    """A result could not be written (disk full, folder not writable); what was finished before is kept."""
