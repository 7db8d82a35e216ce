"""What differs from one place where the shop runs to the next."""

import os

DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql+asyncpg://localhost/bookshop")
REPORTS_URL = os.environ.get("REPORTS_URL", "postgresql+psycopg://localhost/bookshop")
WAREHOUSE_URL = os.environ.get("WAREHOUSE_URL", "postgresql+asyncpg://warehouse/stock")
BROKER_URL = os.environ.get("BROKER_URL", "redis://localhost")
RESULTS_URL = os.environ.get("RESULTS_URL", "redis://localhost")

POOL_SIZE = 5
POOL_TIMEOUT = 10
