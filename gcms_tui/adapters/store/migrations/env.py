"""Run by alembic over the connection that it is handed, in a transaction which commits, or undoes, all of it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
