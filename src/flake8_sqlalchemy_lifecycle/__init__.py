"""Find misused SQLAlchemy engines and sessions, and the application lifecycle that owns them.

This is a plugin for flake8. Its door is `plugin.Plugin`; nothing is imported here, so that naming
the package costs nothing.
"""

__version__ = "0.1.0"
