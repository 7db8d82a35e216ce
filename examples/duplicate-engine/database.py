"""The engine of the application."""

import os

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

URL = os.environ.get("LIBRARY_URL", "sqlite:///library.db")

engine = create_engine(URL, pool_size=3, max_overflow=0)
Library = sessionmaker(engine)
