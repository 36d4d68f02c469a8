"""The web admin's pages of the catalog. They show rows and call services; they write none themselves."""

from models_app.admin.accounts import AccountAdmin, AccountGroupAdmin
from models_app.admin.blobs import BlobAdmin
from models_app.admin.jobs import JobAdmin
from models_app.admin.tags import TagAdmin

__all__ = ["AccountAdmin", "AccountGroupAdmin", "BlobAdmin", "JobAdmin", "TagAdmin"]
