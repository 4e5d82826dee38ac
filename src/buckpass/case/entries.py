"""The plain fields of case.toml, and the base of its tables."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

FOR_READERS = "for readers"  # of fields that no fit may read: what stands there is left out of `Case.record_hash`
Text = Annotated[str, Field(max_length=20_000), FOR_READERS]
Line = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\r\n]*$")]
Title = Annotated[Line, FOR_READERS]
SourceKeys = Annotated[tuple[str, ...], FOR_READERS]
Label = Annotated[Literal["measured", "estimated", "assumed"], FOR_READERS]


def _only_number(value: Any) -> Any:
    if isinstance(value, (bool, str)):
        raise ValueError("a number was expected, without quotes")
    return value


LARGEST = 1e15  # of any number set by hand or counted: beyond it sums lose their units and exponentials overflow
Finite = Annotated[float, BeforeValidator(_only_number), Field(allow_inf_nan=False)]
Number = Annotated[Finite, Field(ge=-LARGEST, le=LARGEST)]
Share = Annotated[Number, Field(ge=0, le=1)]


class Entry(BaseModel):
    """Base of every table of case.toml: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def columns(cls) -> dict[str, FieldInfo]:
        """The fields under the names that a file has for them."""
        return {info.alias or name: info for name, info in cls.model_fields.items()}
