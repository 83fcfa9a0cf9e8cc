"""`mailloom threads`: the conversation of a record, as text."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json, print_records
from mailloom.errors import NotFound
from mailloom.store.contacts import Contact
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery
from mailloom.store.threads import Thread

threads = typer.Typer(help="Conversations: list, show.", no_args_is_help=True)


def register_commands(root: typer.Typer) -> None:
    root.add_typer(threads, name="threads")


@threads.command("list")
def list_threads(
    context: typer.Context,
    model: Annotated[str, typer.Option(help="Only threads of this model.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Threads, newest first."""
    chosen = select(Thread).order_by(Thread.id.desc()).limit(limit)
    if model:
        chosen = chosen.where(Thread.model == model)
    with opened(context).read() as session:
        records = [_head(thread) for thread in session.scalars(chosen)]
    print_records(records, ("id", "model", "record", "private", "followers", "created_at"), as_json=as_json)


@threads.command("show")
def show_thread(
    context: typer.Context,
    thread_id: Annotated[int, typer.Argument(metavar="ID", help="Id of the thread.")],
    as_json: AsJson = False,
) -> None:
    """Every message of a thread with its kind, oldest first."""
    with opened(context).read() as session:
        thread = session.get(Thread, thread_id)
        if thread is None:
            raise NotFound(f"There is no thread {thread_id}.", remedy="See: mailloom threads list")
        chosen = select(Message).where(Message.thread_id == thread.id).order_by(Message.id)
        record = {**_head(thread), "messages": [_message(session, message) for message in session.scalars(chosen)]}
    if as_json:
        print_json(record)
        return
    out = console()
    private = ", private" if thread.private else ""
    out.print(Text(f"Thread {thread.id}: {plain(thread.model)} {plain(thread.record_id)}{private}", style="bold"))
    if record["followers"]:
        out.print(Text(f"followed by {plain(', '.join(record['followers']))}"))
    for message in record["messages"]:
        _print(message)


def _print(message: dict[str, Any]) -> None:
    out = console()
    author = message["author"] or message["from"] or "the system"
    marks = [message["kind"], *(["internal"] if message["internal"] else [])]
    head = f"\n#{message['id']} {message['created_at']:%Y-%m-%d %H:%M}Z  {plain(author)}  [{', '.join(marks)}]"
    out.print(Text(head, style="bold"))
    if message["subject"]:
        out.print(Text(plain(message["subject"]), style="italic"))
    for line in message["text"].splitlines():
        out.print(Text(f"  {plain(line)}"))
    for delivery in message["deliveries"]:
        words = f": {delivery['reply']}" if delivery["reply"] else ""
        out.print(Text(plain(f"  → {delivery['address']} {delivery['state']}{words}")))
    if message["note"]:
        out.print(Text(f"  note: {plain(message['note'])}"))


def _head(thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.id,
        "model": thread.model,
        "record": thread.record_id,
        "private": thread.private,
        "followers": [each.contact.name or each.contact.primary_address for each in thread.followers],
        "created_at": thread.created_at,
    }


def _message(session: Session, message: Message) -> dict[str, Any]:
    author = session.get(Contact, message.author_id) if message.author_id is not None else None
    deliveries = session.scalars(select(Delivery).where(Delivery.message_id == message.id).order_by(Delivery.id))
    return {
        "id": message.id,
        "parent": message.parent_id,
        "kind": message.kind,
        "internal": message.internal,
        "author": (author.name or author.primary_address) if author else "",
        "from": message.from_address,
        "subject": message.subject,
        "text": message.text,
        "message_id": message.message_id,
        "created_at": message.created_at,
        "note": message.note,
        "deliveries": [
            {"address": each.address, "state": each.state, "status": each.status, "reply": each.reply}
            for each in deliveries
        ],
    }
