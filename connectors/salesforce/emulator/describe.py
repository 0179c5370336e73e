"""What the org says about itself: versions, its objects, and the fields of one object.

Field-level security applies: a field that the user may not read is not listed at all.

Source: recorded describe and global describe answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.salesforce.emulator.catalogue import CHILDREN, SObject
from connectors.salesforce.emulator.fields import TEXTUAL, Field
from connectors.salesforce.emulator.ids import ORG
from connectors.salesforce.emulator.org import INTEGRATION_USER, Org
from connectors.salesforce.emulator.wire import Answer, Call

OLDEST, OLDEST_SUPPORTED = 21, 31
"""Versions 21 to 30 were retired in Summer '25.

Source: Salesforce Help, "Salesforce Platform API Versions 21.0 through 30.0 Retirement".
"""
_SEASONS = ("Winter", "Spring", "Summer")
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}


def list_versions(org: Org, call: Call) -> Answer:
    """Every version that the org answers, oldest first; asks for no token."""
    return Answer([_version(number) for number in range(OLDEST_SUPPORTED, org.newest_version + 1)])


def _version(number: int) -> dict[str, str]:
    release = number - 59  # version 59 was Winter '24
    label = f"{_SEASONS[release % 3]} '{24 + release // 3}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}


def list_resources(org: Org, call: Call) -> Answer:
    """What a version offers."""
    names = ("sobjects", "query", "queryAll", "limits", "composite", "tooling")
    paths = {name: f"/services/data/{call.version}/{name}" for name in names}
    return Answer(paths | {"identity": f"{call.base_url}/id/{ORG}/{INTEGRATION_USER}"})


def describe_global(org: Org, call: Call) -> Answer:
    """Every object that the user can see, in brief."""
    seen = [_brief(kind, call.version) for kind in org.kinds() if not kind.tooling]
    return Answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": seen})


def brief_object(org: Org, call: Call) -> Answer:
    """One object in brief."""
    kind = org.kind(call.path["sobject"])
    return Answer({"objectDescribe": _brief(kind, call.version), "recentItems": []})


def describe_object(org: Org, call: Call) -> Answer:
    """One object with every field that the user may read."""
    kind = org.kind(call.path["sobject"])
    readable = [field for field in org.fields[kind.name].values() if org.may_read(kind, field)]
    fields = [_field(field, editable=org.may_edit(kind, field)) for field in readable]
    body = _brief(kind, call.version) | {
        "actionOverrides": [],
        "childRelationships": list(_children(kind.name)),
        "compactLayoutable": not kind.setup,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": fields,
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_MASTER_RECORD_TYPE],
        "searchLayoutable": not kind.setup,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {kind.plural.lower()}", "name": "everything"}],
    }
    return Answer(body)


_MASTER_RECORD_TYPE: Mapping[str, object] = {
    "active": True,
    "available": True,
    "defaultRecordTypeMapping": True,
    "developerName": "Master",
    "master": True,
    "name": "Master",
    "recordTypeId": "012000000000000AAA",
    "urls": {},
}


def _brief(kind: SObject, version: str) -> dict[str, object]:
    base = f"/services/data/{version}/sobjects/{kind.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": kind.writable,
        "custom": False,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": kind.writable,
        "deprecatedAndHidden": False,
        "feedEnabled": not kind.setup,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": kind.prefix,
        "label": kind.label,
        "labelPlural": kind.plural,
        "layoutable": not kind.setup,
        "mergeable": kind.mergeable,
        "mruEnabled": not kind.setup,
        "name": kind.name,
        "queryable": True,
        "replicateable": kind.replicateable,
        "retrieveable": True,
        "searchable": not kind.setup,
        "triggerable": not kind.setup,
        "undeletable": not kind.setup,
        "updateable": kind.writable,
        "urls": {
            "describe": f"{base}/describe",
            "rowTemplate": f"{base}/{{ID}}",
            "sobject": base,
        },
    }


def _children(parent: str) -> Iterable[dict[str, object]]:
    for child, field, fate in CHILDREN.get(parent, ()):
        yield {
            "cascadeDelete": fate == "cascade",
            "childSObject": child,
            "deprecatedAndHidden": False,
            "field": field,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": None,
            "restrictedDelete": fate == "restrict",
        }


def _field(field: Field, *, editable: bool) -> dict[str, object]:
    return {
        "aggregatable": field.sortable and field.type != "boolean",
        "aiPredictionField": False,
        "autoNumber": field.name == "CaseNumber",
        "byteLength": _bytes(field),
        "calculated": field.derived and field.custom,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": None,
        "controllerName": None,
        "createable": field.createable and editable,
        "custom": field.custom,
        "defaultValue": field.default if field.type == "boolean" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted or not (field.createable or field.nillable),
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": None,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.sortable and field.type not in ("datetime", "double", "currency"),
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup or field.external_id,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.reference_to) > 1,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [_option(value, field) for value in field.values],
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "precision": field.precision,
        "queryByDistance": field.type == "address",
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship or None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": False,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and editable,
        "writeRequiresMasterRead": False,
    }


def _bytes(field: Field) -> int:
    if field.type in ("id", "reference"):
        return 18
    return 3 * field.length if field.type in TEXTUAL else 0


def _option(value: str, field: Field) -> dict[str, object]:
    return {
        "active": True,
        "defaultValue": value == field.default,
        "label": value,
        "validFor": None,
        "value": value,
    }
