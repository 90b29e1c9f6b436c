"""A pool of clients that is idle between rounds: psycopg's, or SQLAlchemy's. Each line on standard input begins a round, in which all clients of the pool
work at once; what they saw is a line of JSON."""

import itertools
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg_pool
import sqlalchemy

SIZE = int(os.environ["POOL_SIZE"])
LOGIN = {
    "host": os.environ["PGHOST"],
    "port": int(os.environ["PGPORT"]),
    "user": os.environ["PGUSER"],
    "dbname": os.environ["PGDATABASE"],
    "password": os.environ["PGPASSWORD"],
    "sslmode": "verify-full",
    "sslrootcert": os.environ["CA_FILE"],
}
LOOK = "select current_setting('app.who', true), pg_backend_pid(), %s + 1"
KEEP = "select set_config('app.who', %s, false)"
names = itertools.count(1)


def seen_by(run, commit):
    """`run` sends a statement in a transaction and gives its first row."""
    who, pid, following = run(LOOK, (41,))
    assert following == 42
    commit()
    if not who:
        who = f"client {next(names)}"
        run(KEEP, (who,))
        commit()
    return who, pid


class PsycopgPool:
    def __init__(self):
        # A statement is prepared at its first use.
        options = {**LOGIN, "prepare_threshold": 0}
        self.pool = psycopg_pool.ConnectionPool(kwargs=options, min_size=SIZE, max_size=SIZE, timeout=60, open=True)
        self.pool.wait(60)

    def take(self):
        return self.pool.getconn()

    def work(self, connection):
        return seen_by(lambda text, values: connection.execute(text, values).fetchone(), connection.commit)

    def give_back(self, connection):
        self.pool.putconn(connection)

    def end(self):
        self.pool.close()


class SqlAlchemyPool:
    def __init__(self):
        self.engine = sqlalchemy.create_engine(
            sqlalchemy.URL.create("postgresql+psycopg"),
            connect_args={**LOGIN, "prepare_threshold": 0},
            pool_size=SIZE,
            max_overflow=0,
        )

    def take(self):
        return self.engine.connect()

    def work(self, connection):
        return seen_by(lambda text, values: connection.exec_driver_sql(text, values).one(), connection.commit)

    def give_back(self, connection):
        connection.close()

    def end(self):
        self.engine.dispose()


def round_of(pool, threads):
    """Taken one after the other by as many threads, so that no client of the pool is idle."""
    connections = list(threads.map(lambda _: pool.take(), range(SIZE)))
    futures = [threads.submit(pool.work, connection) for connection in connections]
    errors = [repr(error) for error in (future.exception() for future in futures) if error]
    seen = [future.result() for future in futures if not future.exception()]
    for connection in connections:
        pool.give_back(connection)
    return {"who": [who for who, _ in seen], "pids": [pid for _, pid in seen], "errors": errors}


def main():
    pool = PsycopgPool() if sys.argv[1] == "psycopg_pool" else SqlAlchemyPool()
    with ThreadPoolExecutor(SIZE) as threads:
        for line in sys.stdin:
            if line.strip() == "round":
                print(json.dumps(round_of(pool, threads)), flush=True)
    pool.end()


main()
