"""What pages of the administrators' face are made of. Import it where FastAPI may be imported: in the module that `Pages.make` comes from.

The few names of FastAPI that pages need are here too, so that an addon does not import a library that only the web face brings.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from mailloom.api.access import Identity, Permission, require
from mailloom.api.audit import audit
from mailloom.api.pages.charts import Chart, Series
from mailloom.api.pages.forms import Fieldset, FormView, read_form, show_form
from mailloom.api.pages.guard import needs, signed_in
from mailloom.api.pages.live import LiveEvent, live
from mailloom.api.pages.tables import BulkAction, Column, Filter, Kind, Table, TableView
from mailloom.api.pages.toolkit import Crumb, Toolkit
from mailloom.api.pages.visitor import Visitor, _, n_, visitor
from mailloom.api.web import MenuEntry, MenuSection, Pages
from mailloom.store.access import Role

__all__ = [
    "APIRouter",
    "BulkAction",
    "Chart",
    "Column",
    "Crumb",
    "Depends",
    "Fieldset",
    "Filter",
    "Form",
    "FormView",
    "HTMLResponse",
    "Identity",
    "Kind",
    "LiveEvent",
    "MenuEntry",
    "MenuSection",
    "Pages",
    "Permission",
    "Query",
    "RedirectResponse",
    "Request",
    "Response",
    "Role",
    "Series",
    "StreamingResponse",
    "Table",
    "TableView",
    "Toolkit",
    "Visitor",
    "_",
    "audit",
    "live",
    "n_",
    "needs",
    "read_form",
    "require",
    "show_form",
    "signed_in",
    "visitor",
]
