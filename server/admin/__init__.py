"""What the command line does to a database without starting a server. Each gives sentences for the person who asked."""

from server.admin.accounts import NewAccount, add_account
from server.admin.database import AdminError, check, database, migrate
from server.admin.limits import (
    BrandCap,
    NumberChange,
    RegistrationRate,
    hand_over,
    list_limits,
    list_servers,
    set_account,
    set_brand,
    set_number,
    set_registration,
)
from server.admin.members import NewMember, add_member
from server.admin.numbers import NewNumber, add_number, list_numbers
from server.admin.tokens import TokenWish, add_token
from server.admin.workspaces import LinkBase, NewWorkspace, add_workspace, set_link_base

__all__ = [
    "AdminError",
    "BrandCap",
    "LinkBase",
    "NewAccount",
    "NewMember",
    "NewNumber",
    "NewWorkspace",
    "NumberChange",
    "RegistrationRate",
    "TokenWish",
    "add_account",
    "add_member",
    "add_number",
    "add_token",
    "add_workspace",
    "check",
    "database",
    "hand_over",
    "list_limits",
    "list_numbers",
    "list_servers",
    "migrate",
    "set_account",
    "set_brand",
    "set_link_base",
    "set_number",
    "set_registration",
]
