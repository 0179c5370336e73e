"""The properties every HubSpot account starts with, as far as customer records need them.

Names, types, field types and option values are HubSpot's default properties; a property that an
account adds is a ``Property`` like these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DEAL_STAGES = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
)
TASK_STATES = ("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED")
TICKET_STAGES = {"1": "New", "2": "Waiting on contact", "3": "Waiting on us", "4": "Closed"}
LIFECYCLE_STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)

FIELD_TYPES: dict[str, frozenset[str]] = {
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "enumeration": frozenset({"booleancheckbox", "checkbox", "radio", "select"}),
    "number": frozenset({"number", "calculation_equation"}),
    "phone_number": frozenset({"phonenumber"}),
    "string": frozenset({"file", "html", "phonenumber", "text", "textarea"}),
}
"""Which ``fieldType`` a property of each ``type`` may have."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property definition.

    Attributes:
        options: Allowed values with their labels; only for enumerations and booleans.
        read_only: HubSpot itself sets the value.
        hubspot_defined: Comes with every account and cannot be changed.
        unique: No two records share a value (``hasUniqueValue``); immutable.
    """

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: tuple[tuple[str, str], ...] = ()
    read_only: bool = False
    hubspot_defined: bool = True
    unique: bool = False
    description: str = ""
    form_field: bool = False
    archived: bool = False

    def json(self) -> dict[str, object]:
        """The definition as the properties API shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group,
            "description": self.description,
            "options": [
                {"label": label, "value": value, "displayOrder": order, "hidden": False}
                for order, (value, label) in enumerate(self.options)
            ],
            "displayOrder": -1,
            "calculated": self.read_only,
            "externalOptions": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": self.hubspot_defined,
            "formField": self.form_field,
            "archived": self.archived,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.hubspot_defined,
                "readOnlyValue": self.read_only,
            },
        }


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of CRM record.

    Attributes:
        name: Plural name, as in paths.
        singular: As in association types (``contact_to_company``).
        type_id: HubSpot's object type id, accepted in paths as well.
        first_id: Record ids count up from here.
        modified: Property that holds the time of the last change.
        created: Property that holds the time of creation.
        shown: Properties returned when a request names none.
        searched: Properties that a search's ``query`` looks into.
        required: Properties that a new record must have.
        writable: Whether programs may write records of this kind.
    """

    name: str
    singular: str
    type_id: str
    first_id: int
    shown: tuple[str, ...]
    searched: tuple[str, ...]
    modified: str = "hs_lastmodifieddate"
    created: str = "createdate"
    required: frozenset[str] = frozenset()
    writable: bool = True

    @property
    def stamps(self) -> tuple[str, str, str]:
        """Properties that every answer carries, asked for or not."""
        return (self.created, self.modified, "hs_object_id")


OBJECT_TYPES: dict[str, ObjectType] = {
    kind.name: kind
    for kind in (
        ObjectType(
            name="contacts",
            singular="contact",
            type_id="0-1",
            first_id=1,
            shown=("email", "firstname", "lastname"),
            searched=("email", "firstname", "lastname", "phone", "company"),
            modified="lastmodifieddate",
        ),
        ObjectType(
            name="companies",
            singular="company",
            type_id="0-2",
            first_id=7_000_000_001,
            shown=("domain", "name"),
            searched=("name", "domain", "phone"),
        ),
        ObjectType(
            name="deals",
            singular="deal",
            type_id="0-3",
            first_id=9_000_000_001,
            shown=("amount", "closedate", "dealname", "dealstage", "pipeline"),
            searched=("dealname",),
        ),
        ObjectType(
            name="tickets",
            singular="ticket",
            type_id="0-5",
            first_id=1_000_000_001,
            shown=(
                "content",
                "hs_pipeline",
                "hs_pipeline_stage",
                "hs_ticket_category",
                "hs_ticket_priority",
                "subject",
            ),
            searched=("subject", "content"),
            required=frozenset({"hs_pipeline_stage"}),
        ),
        ObjectType(
            name="feedback_submissions",
            singular="feedback_submission",
            type_id="0-19",
            first_id=300_000_001,
            shown=("hs_content", "hs_response_group", "hs_submission_name", "hs_survey_name"),
            searched=("hs_content", "hs_submission_name"),
            created="hs_createdate",
            writable=False,
        ),
        ObjectType(
            name="tasks",
            singular="task",
            type_id="0-27",
            first_id=500_000_001,
            shown=("hs_task_subject", "hs_task_status", "hs_timestamp"),
            searched=("hs_task_subject", "hs_task_body"),
            created="hs_createdate",
            required=frozenset({"hs_timestamp"}),
        ),
    )
}


def default_properties(object_type: str) -> dict[str, Property]:
    """The properties that records of ``object_type`` have in a new account, by name."""
    return {prop.name: prop for prop in (*_system(OBJECT_TYPES[object_type]), *_own(object_type))}


def opt_out_property(type_id: int, type_name: str) -> Property:
    """The contact property that says whether a subscription type was refused."""
    label = f"Opted out of email: {type_name}"
    group, options = _group("contacts"), _choices(("true", "false"))
    name = f"hs_email_optout_{type_id}"
    return Property(name, label, "bool", "booleancheckbox", group, options, read_only=True)


def default_groups(object_type: str) -> dict[str, str]:
    """Labels of the property groups of a new account, by name."""
    return {_group(object_type): f"{OBJECT_TYPES[object_type].singular.title()} information"}


def _group(object_type: str) -> str:
    return f"{OBJECT_TYPES[object_type].singular.replace('_', '')}information"


def _choices(values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((value, value.replace("_", " ").capitalize()) for value in values)


def _system(kind: ObjectType) -> tuple[Property, ...]:
    group = _group(kind.name)
    modified = Property(kind.modified, "Last Modified Date", "datetime", "date", group)
    created = Property(kind.created, "Create Date", "datetime", "date", group)
    stamps_read_only = kind.name == "contacts" or not kind.writable
    return (
        _locked(modified),
        _locked(created) if stamps_read_only else created,
        _locked(Property("hs_object_id", "Record ID", "number", "number", group)),
        _locked(Property("hs_merged_object_ids", "Merged record IDs", "string", "text", group)),
        Property("hubspot_owner_id", "Owner", "string", "text", group),
    )


def _locked(prop: Property) -> Property:
    return Property(prop.name, prop.label, prop.type, prop.field_type, prop.group, read_only=True)


def _own(object_type: str) -> tuple[Property, ...]:
    group = _group(object_type)

    def text(name: str, label: str, field_type: str = "text") -> Property:
        return Property(name, label, "string", field_type, group)

    def typed(name: str, label: str, kind: str, *, read_only: bool = False) -> Property:
        field_type = {"number": "number", "bool": "booleancheckbox"}.get(kind, "date")
        options = _choices(("true", "false")) if kind == "bool" else ()
        return Property(name, label, kind, field_type, group, options, read_only)

    def choice(name: str, label: str, options: tuple[tuple[str, str], ...]) -> Property:
        return Property(name, label, "enumeration", "select", group, options)

    properties: dict[str, tuple[Property, ...]] = {
        "contacts": (
            Property("email", "Email", "string", "text", group, unique=True),
            text("firstname", "First Name"),
            text("lastname", "Last Name"),
            text("phone", "Phone Number", "phonenumber"),
            text("mobilephone", "Mobile Phone Number", "phonenumber"),
            text("address", "Street Address"),
            text("city", "City"),
            text("state", "State/Region"),
            text("zip", "Postal Code"),
            text("country", "Country/Region"),
            typed("date_of_birth", "Date of birth", "date"),
            text("gender", "Gender"),
            text("jobtitle", "Job Title"),
            text("company", "Company Name"),
            text("hs_language", "Preferred language"),
            choice("lifecyclestage", "Lifecycle Stage", _choices(LIFECYCLE_STAGES)),
            choice("hs_lead_status", "Lead Status", _choices(("NEW", "OPEN", "CONNECTED"))),
            text("associatedcompanyid", "Primary Associated Company ID"),
            text("hs_additional_emails", "Additional email addresses"),
            _locked(text("hs_calculated_merged_vids", "Merged vids with timestamps")),
            text("hs_legal_basis", "Legal basis for processing contact's data"),
            typed("hs_email_optout", "Unsubscribed from all email", "bool", read_only=True),
        ),
        "companies": (
            text("name", "Company name"),
            text("domain", "Company Domain Name"),
            text("phone", "Phone Number", "phonenumber"),
            text("address", "Street Address"),
            text("city", "City"),
            text("state", "State/Region"),
            text("zip", "Postal Code"),
            text("country", "Country/Region"),
            text("industry", "Industry"),
            typed("numberofemployees", "Number of Employees", "number"),
            typed("annualrevenue", "Annual Revenue", "number"),
            choice("lifecyclestage", "Lifecycle Stage", _choices(LIFECYCLE_STAGES)),
        ),
        "deals": (
            text("dealname", "Deal Name"),
            choice("pipeline", "Pipeline", (("default", "Sales Pipeline"),)),
            choice("dealstage", "Deal Stage", _choices(DEAL_STAGES)),
            typed("amount", "Amount", "number"),
            text("deal_currency_code", "Currency"),
            typed("closedate", "Close Date", "datetime"),
            text("description", "Deal Description", "textarea"),
            typed("hs_is_closed_won", "Is Closed Won", "bool", read_only=True),
        ),
        "tickets": (
            text("subject", "Ticket name"),
            text("content", "Ticket description", "textarea"),
            choice("hs_pipeline", "Pipeline", (("0", "Support Pipeline"),)),
            choice("hs_pipeline_stage", "Ticket status", tuple(TICKET_STAGES.items())),
            choice("hs_ticket_priority", "Priority", _choices(("LOW", "MEDIUM", "HIGH", "URGENT"))),
            choice(
                "hs_ticket_category",
                "Category",
                _choices(("PRODUCT_ISSUE", "BILLING_ISSUE", "FEATURE_REQUEST", "GENERAL_INQUIRY")),
            ),
            choice("source_type", "Source", _choices(("CHAT", "EMAIL", "FORM", "PHONE"))),
            typed("closed_date", "Close date", "datetime"),
            typed("first_agent_reply_date", "First agent email response date", "datetime"),
        ),
        "feedback_submissions": (
            choice("hs_survey_type", "Survey type", _choices(("NPS", "CSAT", "CES", "CUSTOM"))),
            text("hs_survey_name", "Survey name"),
            text("hs_survey_channel", "Survey channel"),
            text("hs_submission_name", "Submission name"),
            typed("hs_submission_timestamp", "Submission date", "datetime"),
            typed("hs_value", "Score", "number"),
            text("hs_response_group", "Response group"),
            text("hs_sentiment", "Sentiment"),
            text("hs_content", "Response", "textarea"),
            text("hs_contact_email_rollup", "Contact email"),
            text("hs_contact_id", "Contact ID"),
            text("hs_language", "Language"),
        ),
        "tasks": (
            text("hs_task_subject", "Task Title"),
            text("hs_task_body", "Task Notes", "html"),
            choice("hs_task_status", "Task Status", _choices(TASK_STATES)),
            choice("hs_task_priority", "Priority", _choices(("NONE", "LOW", "MEDIUM", "HIGH"))),
            choice("hs_task_type", "Task Type", _choices(("CALL", "EMAIL", "TODO"))),
            typed("hs_timestamp", "Due date", "datetime"),
        ),
    }
    return properties[object_type]
