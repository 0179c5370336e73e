"""Field-level security of custom fields: what assigned permission sets grant."""

from __future__ import annotations

from typing import Literal

from connectors.salesforce.emulator.records import RecordTable

Permission = Literal["PermissionsRead", "PermissionsEdit"]


class FieldGrants:
    """What one user may do with custom fields, worked out again only after a change.

    Args:
        user: The user's id.
        permissions: The org's FieldPermissions.
        assignments: The org's PermissionSetAssignments.
    """

    def __init__(self, user: str, permissions: RecordTable, assignments: RecordTable) -> None:
        self._user = user
        self._permissions = permissions
        self._assignments = assignments
        self._as_of = (-1, -1)
        self._granted: frozenset[tuple[str, Permission]] = frozenset()

    def allow(self, path: str, permission: Permission) -> bool:
        """Whether an assigned permission set grants it on ``path``, such as ``Contact.X__c``."""
        as_of = (self._permissions.revision, self._assignments.revision)
        if as_of != self._as_of:
            self._as_of, self._granted = as_of, self._worked_out()
        return (path, permission) in self._granted

    def _worked_out(self) -> frozenset[tuple[str, Permission]]:
        assigned = {
            row.values["PermissionSetId"]
            for row in self._assignments.live()
            if row.values["AssigneeId"] == self._user
        }
        kinds: tuple[Permission, ...] = ("PermissionsRead", "PermissionsEdit")
        return frozenset(
            (row.values["Field"], kind)
            for row in self._permissions.live()
            if row.values["ParentId"] in assigned
            for kind in kinds
            if row.values.get(kind)
        )
