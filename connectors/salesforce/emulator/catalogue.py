"""The org's objects and their standard fields, in the notation of ``fields.py``.

Source: recorded describe answers (Account, Contact, Lead, Case, Opportunity, Event); Salesforce
Object Reference for the rest (read November 2026). A real org has several hundred more objects;
here are those that a customer hub touches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from connectors.salesforce.emulator.fields import Field, field_of


@dataclass(frozen=True, slots=True)
class SObject:
    """One kind of record.

    Args:
        prefix: First three characters of its ids.
        mergeable: Whether users can merge its records.
        replicateable: Whether ``/updated`` and ``/deleted`` report on it.
        writable: Whether programs may write its records.
        setup: Part of the org's administration: records are removed at once, without recycle bin.
        tooling: Reached through the Tooling API instead of the data API.
        needs: Option of the org without which the object does not exist.
    """

    name: str
    plural: str
    prefix: str
    rows: str
    mergeable: bool = False
    writable: bool = True
    setup: bool = False
    tooling: bool = False
    needs: str = ""

    @property
    def replicateable(self) -> bool:
        """Whether ``/updated`` and ``/deleted`` report on it."""
        return not self.setup

    @property
    def label(self) -> str:
        """What the screens call one record."""
        return field_of(f"{self.name} string").label


_SYSTEM = """
Id id 18 fixed lookup ungoverned required
CreatedDate datetime fixed ungoverned required
CreatedById reference >User fixed ungoverned required
LastModifiedDate datetime fixed ungoverned required
LastModifiedById reference >User fixed ungoverned required
SystemModstamp datetime fixed ungoverned required
"""
_OWNED = """
IsDeleted boolean fixed ungoverned
OwnerId reference >User ungoverned required default=
"""
_ACCOUNT = """
MasterRecordId reference >Account fixed ungoverned
Name string 255 required name ungoverned
Type picklist 255 = Prospect|Customer - Direct|Customer - Channel|Other
ParentId reference >Account
BillingStreet textarea 255
BillingCity string 40
BillingState string 80
BillingPostalCode string 20
BillingCountry string 80
BillingAddress address derived
Phone phone 40
Fax phone 40
AccountNumber string 40
Website url 255
Industry picklist 255 = Agriculture|Banking|Education|Food & Beverage|Hospitality|Retail|Other
AnnualRevenue currency
NumberOfEmployees int
Description textarea 32000
"""
_PERSON_ACCOUNT = """
IsPersonAccount boolean fixed ungoverned
PersonContactId reference >Contact fixed ungoverned
Name string 255 name ungoverned
LastName string 80 name ungoverned
FirstName string 40 name ungoverned
Salutation picklist 40 ungoverned = Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.
PersonMailingStreet textarea 255
PersonMailingCity string 40
PersonMailingState string 80
PersonMailingPostalCode string 20
PersonMailingCountry string 80
PersonMailingAddress address derived
PersonMobilePhone phone 40
PersonHomePhone phone 40
PersonOtherPhone phone 40
PersonEmail email 80
PersonTitle string 80
PersonBirthdate date
PersonHasOptedOutOfEmail boolean
PersonHasOptedOutOfFax boolean
PersonDoNotCall boolean
PersonIndividualId reference >Individual ungoverned
"""
_CONTACT = """
MasterRecordId reference >Contact fixed ungoverned
AccountId reference >Account
LastName string 80 required ungoverned
FirstName string 40 ungoverned
Salutation picklist 40 ungoverned = Mr.|Ms.|Mrs.|Dr.|Prof.
Name string 121 name derived required ungoverned
MailingStreet textarea 255
MailingCity string 40
MailingState string 80
MailingPostalCode string 20
MailingCountry string 80
MailingAddress address derived
Phone phone 40
Fax phone 40
MobilePhone phone 40
HomePhone phone 40
OtherPhone phone 40
ReportsToId reference >Contact
Email email 80 lookup
Title string 128
Department string 80
LeadSource picklist 255 = Web|Phone Inquiry|Partner Referral|Purchased List|Other
Birthdate date
Description textarea 32000
HasOptedOutOfEmail boolean
HasOptedOutOfFax boolean
DoNotCall boolean
EmailBouncedReason string 255 ungoverned
EmailBouncedDate datetime ungoverned
IsEmailBounced boolean derived ungoverned
IndividualId reference >Individual ungoverned
"""
_LEAD = """
MasterRecordId reference >Lead fixed ungoverned
LastName string 80 required ungoverned
FirstName string 40 ungoverned
Salutation picklist 40 ungoverned = Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.
Name string 121 name derived required ungoverned
Title string 128
Company string 255 required ungoverned
Street textarea 255
City string 40
State string 80
PostalCode string 20
Country string 80
Address address derived
Phone phone 40
MobilePhone phone 40
Fax phone 40
Email email 80 lookup
Website url 255
Description textarea 32000
LeadSource picklist 255 = Web|Phone Inquiry|Partner Referral|Purchased List|Other
Status picklist 255 required default=Open_-_Not_Contacted = Open - Not Contacted|Working - Contacted|Closed - Converted|Closed - Not Converted
HasOptedOutOfEmail boolean
HasOptedOutOfFax boolean
DoNotCall boolean
IsConverted boolean once ungoverned
ConvertedDate date fixed ungoverned
ConvertedAccountId reference >Account fixed ungoverned
ConvertedContactId reference >Contact fixed ungoverned
ConvertedOpportunityId reference >Opportunity fixed ungoverned
IndividualId reference >Individual ungoverned
"""  # noqa: E501 - one field, one line
_CASE = """
MasterRecordId reference >Case fixed ungoverned
CaseNumber string 30 required fixed lookup name ungoverned
ContactId reference >Contact
AccountId reference >Account
ParentId reference >Case
SuppliedName string 80
SuppliedEmail email 80
Type picklist 40 = Billing|Delivery|Product|Account|Other
Status picklist 40 default=New ungoverned = New|Working|Escalated|On Hold|Closed
Reason picklist 40 = Performance|Breakdown|Feedback|Other
Origin picklist 40 = Phone|Email|Web|Chat
Subject string 255
Priority picklist 40 default=Medium = High|Medium|Low
Description textarea 32000
IsClosed boolean derived ungoverned
ClosedDate datetime fixed ungoverned
IsEscalated boolean
ContactPhone phone 40 derived ungoverned
ContactEmail email 80 derived ungoverned
"""
_OPPORTUNITY = """
AccountId reference >Account
IsPrivate boolean
Name string 120 required name lookup ungoverned
Description textarea 32000
StageName picklist 255 required ungoverned = Prospecting|Qualification|Proposal/Price Quote|Negotiation/Review|Closed Won|Closed Lost
Amount currency
Probability percent
CloseDate date required ungoverned
Type picklist 255 = Existing Customer - Upgrade|New Customer
LeadSource picklist 255 = Web|Phone Inquiry|Partner Referral|Purchased List|Other
IsClosed boolean derived ungoverned
IsWon boolean derived ungoverned
ContactId reference >Contact once oneway ungoverned
"""  # noqa: E501 - one field, one line
_ACTIVITY = """
WhoId reference >Contact,Lead ungoverned
WhatId reference >Account,Opportunity,Case ungoverned
Subject combobox 255 name = Call|Email|Meeting|Other
ActivityDate date
Description textarea 32000
AccountId reference >Account fixed ungoverned
IsArchived boolean fixed ungoverned
"""
_TASK = f"""{_ACTIVITY}
Status picklist 255 required default=Not_Started ungoverned = Not Started|In Progress|Completed|Deferred
Priority picklist 255 required default=Normal ungoverned = High|Normal|Low
IsClosed boolean derived ungoverned
TaskSubtype picklist 40 once default=Task ungoverned = Task|Email|Call
CallType picklist 40 = Internal|Inbound|Outbound
CallDurationInSeconds int
CompletedDateTime datetime fixed ungoverned
"""  # noqa: E501 - one field, one line
_EVENT = f"""{_ACTIVITY}
Location string 255
IsAllDayEvent boolean
ActivityDateTime datetime
DurationInMinutes int
StartDateTime datetime
EndDateTime datetime
EventSubtype picklist 40 once default=Event ungoverned = Event
"""
_INDIVIDUAL = """
MasterRecordId reference >Individual fixed ungoverned
LastName string 80 required ungoverned
FirstName string 40 ungoverned
Salutation picklist 40 ungoverned = Mr.|Ms.|Mrs.|Dr.|Prof.
Name string 121 name derived required ungoverned
HasOptedOutTracking boolean
HasOptedOutProfiling boolean
HasOptedOutProcessing boolean
HasOptedOutSolicit boolean
HasOptedOutGeoTracking boolean
ShouldForget boolean
SendIndividualData boolean
CanStorePiiElsewhere boolean
BirthDate date
"""
_CONSENT = """
Name string 255 required name ungoverned
PartyId reference >Individual required ungoverned
DataUsePurposeId reference >DataUsePurpose
ContactPointType picklist 255 required restricted ungoverned = Email|MailingAddress|Phone|Social|Web
PrivacyConsentStatus picklist 255 required restricted ungoverned = NotSeen|OptIn|OptOut|Seen
CaptureDate datetime
CaptureContactPointType picklist 255 restricted = Email|MailingAddress|Phone|Social|Web
CaptureSource string 255
EffectiveFrom datetime
EffectiveTo datetime
DoubleConsentCaptureDate datetime
"""
_PURPOSE = """
Name string 255 required name ungoverned
Description textarea 255
IsActive boolean default=true
"""
_USER = """
Username string 80 required unique ungoverned
LastName string 80 required ungoverned
FirstName string 40 ungoverned
Name string 121 name derived required ungoverned
Email email 128 required ungoverned
IsActive boolean default=true ungoverned
"""
_PERMISSION_SET = """
Name string 80 required name unique ungoverned
Label string 80 required ungoverned
Description string 255 ungoverned
IsOwnedByProfile boolean fixed ungoverned
"""
_FIELD_PERMISSIONS = """
ParentId reference >PermissionSet required once ungoverned
SobjectType picklist 40 required once ungoverned
Field picklist 255 required once ungoverned
PermissionsRead boolean ungoverned
PermissionsEdit boolean ungoverned
"""
_ASSIGNMENT = """
AssigneeId reference >User required once ungoverned
PermissionSetId reference >PermissionSet required once ungoverned
"""
_CUSTOM_FIELD = """
DeveloperName string 40 fixed name ungoverned
TableEnumOrId string 40 fixed ungoverned
NamespacePrefix string 15 fixed ungoverned
FullName string 255 fixed ungoverned
"""

_KINDS = (
    SObject("Account", "Accounts", "001", _ACCOUNT + _OWNED, mergeable=True),
    SObject("Contact", "Contacts", "003", _CONTACT + _OWNED, mergeable=True),
    SObject("Lead", "Leads", "00Q", _LEAD + _OWNED, mergeable=True),
    SObject("Case", "Cases", "500", _CASE + _OWNED),
    SObject("Opportunity", "Opportunities", "006", _OPPORTUNITY + _OWNED),
    SObject("Task", "Tasks", "00T", _TASK + _OWNED),
    SObject("Event", "Events", "00U", _EVENT + _OWNED),
    SObject("Individual", "Individuals", "0PK", _INDIVIDUAL + _OWNED, needs="privacy"),
    SObject(
        "ContactPointTypeConsent",
        "Contact Point Type Consents",
        "0ZQ",
        _CONSENT + _OWNED,
        needs="privacy",
    ),
    SObject("DataUsePurpose", "Data Use Purposes", "0ZW", _PURPOSE + _OWNED, needs="privacy"),
    SObject("User", "Users", "005", _USER, writable=False, setup=True),
    SObject("PermissionSet", "Permission Sets", "0PS", _PERMISSION_SET, setup=True),
    SObject("FieldPermissions", "Field Permissions", "01k", _FIELD_PERMISSIONS, setup=True),
    SObject(
        "PermissionSetAssignment", "Permission Set Assignments", "0Pa", _ASSIGNMENT, setup=True
    ),
    SObject("CustomField", "Custom Fields", "00N", _CUSTOM_FIELD, setup=True, tooling=True),
)
SOBJECTS: Mapping[str, SObject] = {kind.name: kind for kind in _KINDS}
"""Every kind of record by name."""

CHILDREN: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "Account": (
        ("Contact", "AccountId", "cascade"),
        ("Opportunity", "AccountId", "cascade"),
        ("Case", "AccountId", "restrict"),
        ("Account", "ParentId", "keep"),
        ("Task", "WhatId", "cascade"),
        ("Event", "WhatId", "cascade"),
        ("Lead", "ConvertedAccountId", "keep"),
    ),
    "Contact": (
        ("Case", "ContactId", "restrict"),
        ("Contact", "ReportsToId", "keep"),
        ("Opportunity", "ContactId", "keep"),
        ("Task", "WhoId", "cascade"),
        ("Event", "WhoId", "cascade"),
        ("Lead", "ConvertedContactId", "keep"),
    ),
    "Lead": (("Task", "WhoId", "cascade"), ("Event", "WhoId", "cascade")),
    "Case": (
        ("Case", "ParentId", "keep"),
        ("Task", "WhatId", "cascade"),
        ("Event", "WhatId", "cascade"),
    ),
    "Opportunity": (
        ("Task", "WhatId", "cascade"),
        ("Event", "WhatId", "cascade"),
        ("Lead", "ConvertedOpportunityId", "keep"),
    ),
    "Individual": (("ContactPointTypeConsent", "PartyId", "cascade"),),
}
"""What hangs on a record, by which field, and what deleting the record does to it.

Source: ``childRelationships`` of the recorded describe answers.
"""


ACTIVITY = "Activity"
"""What tasks and events share: their custom fields are defined there, for both at once.

Source: Salesforce Metadata API, "Activity"; Object Manager has no fields of Task or Event.
"""


def holders(name: str) -> tuple[str, ...]:
    """The objects that get a custom field which is defined for ``name``."""
    return ("Task", "Event") if name == ACTIVITY else (name,)


def standard_fields(kind: SObject, person_accounts: bool) -> dict[str, Field]:
    """The object's fields by name, before an admin adds any."""
    rows = _SYSTEM + kind.rows
    if person_accounts and kind.name == "Account":
        rows += _PERSON_ACCOUNT
    if person_accounts and kind.name == "Contact":
        rows += "\nIsPersonAccount boolean fixed ungoverned"
    return {field.name: field for field in _parsed(rows)}


@cache
def _parsed(rows: str) -> tuple[Field, ...]:
    return tuple(field_of(line) for line in rows.splitlines() if line.strip())
