"""Parts of a case changed, for tests."""

from buckpass.case.schema import Organisation


def with_mandate(organisation: Organisation, **changes) -> Organisation:
    """The organisation with a mandate, its first, of other hosts or types."""
    return organisation.model_copy(update={"mandates": (organisation.mandates[0].model_copy(update=changes),)})
