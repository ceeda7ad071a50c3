"""Alembic's environment: migrations run on the connection that `Record.migrate` gives.

A new one: `alembic.command.revision(config, "words", autogenerate=True)` with a database at head, then read it.
"""

from __future__ import annotations

from alembic import context

from server.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
