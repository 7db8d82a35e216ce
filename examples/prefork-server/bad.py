"""gunicorn loads the shop once and forks its workers, with the connection that the import has opened.

`gunicorn -c bad.py`: on PostgreSQL the workers take each other's answers, or wait for ever.
"""

bind = "127.0.0.1:8000"
workers = 4
wsgi_app = "shop:app"
preload_app = True  # LSA505
