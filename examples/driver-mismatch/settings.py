"""The settings of this example. aiosqlite is a driver for asyncio only."""

DATABASE_URL = "sqlite+aiosqlite:///notes.db"
