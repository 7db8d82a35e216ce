"""The engine of this example: it may open three connections, not one more."""

from sqlalchemy import create_engine
from stage import database_url

URL = database_url()

engine = create_engine(URL, pool_size=3, max_overflow=0)
