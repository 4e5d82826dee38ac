"""From raw event files to coded responses: load, code, compare with the hand-coded record, profile, draft a case."""

from buckpass.events.coding.agreement import Agreement, agree, compare
from buckpass.events.coding.guards import compare_activity, dyad_months, top_partner_trade
from buckpass.events.coding.profiles import Profile, profile
from buckpass.events.coding.rungs import CodedRecord, code, evidence_rows
from buckpass.events.drafting.draft import Draft, draft
from buckpass.events.errors import EventsError
from buckpass.events.loading.load import LoadReport, load

__all__ = [
    "Agreement",
    "CodedRecord",
    "Draft",
    "EventsError",
    "LoadReport",
    "Profile",
    "agree",
    "code",
    "compare",
    "compare_activity",
    "draft",
    "dyad_months",
    "evidence_rows",
    "load",
    "profile",
    "top_partner_trade",
]
