"""What a caller may do: three permissions, as the reference names them."""

from typing import Literal

Permission = Literal["permissionRead", "permissionWorkspacesWrite", "permissionTasksWrite"]

READ: Permission = "permissionRead"
WORKSPACES_WRITE: Permission = "permissionWorkspacesWrite"
TASKS_WRITE: Permission = "permissionTasksWrite"
ALL: frozenset[Permission] = frozenset((READ, WORKSPACES_WRITE, TASKS_WRITE))
