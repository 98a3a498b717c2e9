"""What the command line does to a database without starting a server. Each gives sentences for the person who asked."""

from server.admin.accounts import NewAccount, add_account
from server.admin.database import AdminError, check, database, migrate
from server.admin.members import NewMember, add_member
from server.admin.numbers import NewNumber, add_number, list_numbers
from server.admin.workspaces import NewWorkspace, add_workspace

__all__ = [
    "AdminError",
    "NewAccount",
    "NewMember",
    "NewNumber",
    "NewWorkspace",
    "add_account",
    "add_member",
    "add_number",
    "add_workspace",
    "check",
    "database",
    "list_numbers",
    "migrate",
]
