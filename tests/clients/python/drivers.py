"""Ordinary Postgres drivers of Python, each with a database credential as its password, over verified TLS."""

import asyncio
import datetime
import json
import os
import ssl
import threading
import time
import urllib.request
import uuid
from types import SimpleNamespace

import asyncpg
import pg8000.dbapi
import psycopg
import sqlalchemy
from psycopg import sql

from checks import check, expect_error, run_all, skip

HOST, PORT = os.environ["PGHOST"], int(os.environ["PGPORT"])
USER, DATABASE, CA_FILE = os.environ["PGUSER"], os.environ["PGDATABASE"], os.environ["CA_FILE"]
# For the startup packet: a session of its own, or a place in a pool.
OPTIONS = os.environ.get("OPTIONS", "")


def credential():
    """What an app asks the workspace for, here without the SDK."""
    request = urllib.request.Request(
        f"{os.environ['WORKSPACE']}/api/2.0/postgres/credentials",
        data=json.dumps({"endpoint": os.environ["ENDPOINT"]}).encode(),
        headers={"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)["token"]


def psycopg_options(**options):
    return {
        "host": HOST,
        "port": PORT,
        "user": USER,
        "dbname": DATABASE,
        "password": credential(),
        "options": OPTIONS,
        "sslmode": "verify-full",
        "sslrootcert": CA_FILE,
        **options,
    }


def allow_passwords():
    project = os.environ["ENDPOINT"].split("/branches/")[0]
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"}
    base = f"{os.environ['WORKSPACE']}/api/2.0/postgres"
    body = json.dumps({"spec": {"enable_pg_native_login": True}}).encode()
    url = f"{base}/{project}?update_mask=spec.enable_pg_native_login"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PATCH"), timeout=30) as reply:
        operation = json.load(reply)
    while not operation["done"]:
        time.sleep(0.1)
        request = urllib.request.Request(f"{base}/{operation['name']}", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as reply:
            operation = json.load(reply)


NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)
UUID = uuid.UUID("123e4567-e89b-12d3-a456-426614174000")


@check("psycopg: types in both formats, prepared statements, pipeline")
def psycopg_types(_):
    values = (1, "ä", NOW, UUID, b"\x00\xff", [1, 2, None], psycopg.types.json.Jsonb({"a": [1]}))
    query = "SELECT %s::int, %s::text, %s::timestamptz, %s::uuid, %s::bytea, %s::int[], %s::jsonb"
    expected = (1, "ä", NOW, UUID, b"\x00\xff", [1, 2, None], {"a": [1]})
    with psycopg.connect(**psycopg_options()) as connection:
        connection.execute("SET timezone = 'UTC'")
        for binary in (False, True):
            for _round in range(6):  # the fifth run of a statement prepares it
                row = connection.execute(query, values, binary=binary).fetchone()
                assert row == expected, row
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s::int", (n,)) for n in range(20)]
            assert [cursor.fetchone()[0] for cursor in cursors] == list(range(20))


@check("psycopg: sslmode require, and a server-side cursor over many rows")
def psycopg_cursor(_):
    with psycopg.connect(**psycopg_options(sslmode="require", sslrootcert=None)) as connection:
        with connection.cursor(name="many") as cursor:
            cursor.execute("SELECT n, repeat('x', 1000) FROM generate_series(1, 5000) AS n")
            assert sum(row[0] for row in cursor) == 12_502_500


@check("psycopg: COPY in both directions")
def psycopg_copy(_):
    with psycopg.connect(**psycopg_options()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE copied (n int, t text)")
        with cursor.copy("COPY copied FROM STDIN") as copy:
            for n in range(10_000):
                copy.write_row((n, f"row {n}"))
        with cursor.copy("COPY copied TO STDOUT") as copy:
            rows = list(copy.rows())
        assert len(rows) == 10_000 and rows[9_999] == ("9999", "row 9999"), rows[-1]


@check("psycopg: a running query is cancelled, and the session goes on")
def psycopg_cancel(_):
    with psycopg.connect(**psycopg_options(), autocommit=True) as connection:
        assert psycopg.capabilities.has_cancel_safe(), "needs a libpq whose cancel requests are encrypted (17 or newer)"
        failures = []

        def cancel():
            try:
                connection.cancel_safe()
            except psycopg.Error as error:
                failures.append(error)

        for _ in range(10):
            timer = threading.Timer(0.2, cancel)
            timer.start()
            expect_error(psycopg.errors.QueryCanceled, lambda: connection.execute("SELECT pg_sleep(60)"))
            timer.join()
        assert failures == [], failures
        assert connection.execute("SELECT 1").fetchone() == (1,)


@check("psycopg: LISTEN and NOTIFY")
def psycopg_notify(_):
    with psycopg.connect(**psycopg_options(), autocommit=True) as listener:
        listener.execute("LISTEN news")
        with psycopg.connect(**psycopg_options(), autocommit=True) as speaker:
            speaker.execute("SELECT pg_notify('news', 'hello')")
        (notice,) = list(listener.notifies(timeout=30, stop_after=1))
        assert (notice.channel, notice.payload) == ("news", "hello"), notice


@check("psycopg: no TLS, a wrong CA and a wrong user are refused in words that libpq shows")
def psycopg_refused(_):
    plain = expect_error(psycopg.OperationalError, lambda: psycopg.connect(**psycopg_options(sslmode="disable")))
    assert "connection is insecure (try using `sslmode=require`)" in str(plain), plain
    untrusted = {**psycopg_options(), "sslrootcert": "system"}
    expect_error(psycopg.OperationalError, lambda: psycopg.connect(**untrusted), message="certificate verify failed")
    expect_error(
        psycopg.OperationalError, lambda: psycopg.connect(**psycopg_options(user="nobody")), message="authentication failed"
    )


@check("psycopg: a role with a password, over SCRAM")
def psycopg_password(_):
    with psycopg.connect(**psycopg_options(), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS scrammed")
        connection.execute("CREATE ROLE scrammed LOGIN PASSWORD 'correct horse battery staple'")
    # Its login is refused until the project allows passwords.
    allow_passwords()
    # There is no token that says which endpoint is meant.
    route = f"{OPTIONS} endpoint={os.environ['ENDPOINT_ID']}"
    native = {"options": route, "user": "scrammed", "password": "correct horse battery staple", "require_auth": "scram-sha-256"}
    with psycopg.connect(**psycopg_options(**native), channel_binding="require") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("scrammed",)
    wrong = psycopg_options(**{**native, "password": "wrong"})
    expect_error(psycopg.OperationalError, lambda: psycopg.connect(**wrong), message="password authentication failed")


@check("psycopg: an error keeps its fields, and a failed transaction its state until it is rolled back")
def psycopg_errors(_):
    with psycopg.connect(**psycopg_options()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS unique_numbers (n int CONSTRAINT only_once UNIQUE)")
        connection.commit()
        insert = "INSERT INTO unique_numbers VALUES (1)"
        connection.execute(insert)
        error = expect_error(psycopg.errors.UniqueViolation, lambda: connection.execute(insert))
        assert error.diag.constraint_name == "only_once" and error.diag.message_detail, error.diag
        expect_error(psycopg.errors.InFailedSqlTransaction, lambda: connection.execute("SELECT 1"))
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM unique_numbers").fetchone() == (0,)


@check("psycopg: direct TLS, by a token and by a password, and each version of the protocol")
def psycopg_direct(_):
    if psycopg.pq.version() < 180000:
        skip("needs libpq 18 for version 3.2 of the protocol")
    with psycopg.connect(**psycopg_options(sslnegotiation="direct"), autocommit=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        connection.execute("DROP ROLE IF EXISTS directly")
        connection.execute("CREATE ROLE directly LOGIN PASSWORD 'another battery'")
    allow_passwords()
    route = f"{OPTIONS} endpoint={os.environ['ENDPOINT_ID']}"
    native = {"options": route, "user": "directly", "password": "another battery", "require_auth": "scram-sha-256"}
    for negotiation in ("postgres", "direct"):
        for version in ("3.0", "3.2", "latest"):
            options = psycopg_options(**native, sslnegotiation=negotiation, max_protocol_version=version)
            with psycopg.connect(**options, channel_binding="require", autocommit=True) as connection:
                timer = threading.Timer(0.2, connection.cancel_safe)
                timer.start()
                expect_error(psycopg.errors.QueryCanceled, lambda: connection.execute("SELECT pg_sleep(60)"))
                timer.join()
                assert connection.execute("SELECT current_user").fetchone() == ("directly",)
    # What the server does not speak is said by the client before anything of the login is sent.
    newer = psycopg_options(min_protocol_version="3.2", max_protocol_version="3.2")
    expect_error(psycopg.OperationalError, lambda: psycopg.connect(**newer), message="protocol version 3.0")


@check("psycopg: a wrong host name is refused by sslmode=verify-full only, and GSS is tried first where it can be")
def psycopg_modes(_):
    # The name is checked, and says which endpoint is meant; the address alone does neither.
    elsewhere = {"host": "elsewhere.invalid", "hostaddr": "127.0.0.1", "options": f"{OPTIONS} endpoint={os.environ['ENDPOINT_ID']}"}
    expect_error(psycopg.OperationalError, lambda: psycopg.connect(**psycopg_options(**elsewhere)), message="does not match host name")
    for sslmode in ("verify-ca", "require", "prefer", "allow"):
        with psycopg.connect(**psycopg_options(**elsewhere, sslmode=sslmode, gssencmode="prefer")) as connection:
            assert connection.pgconn.used_password and connection.execute("SELECT 1").fetchone() == (1,)


@check("psycopg: the replication protocol in a session of its own; a pool refuses it in words")
def psycopg_replication(_):
    if "pool" in OPTIONS:
        refused = expect_error(psycopg.OperationalError, lambda: psycopg.connect(**psycopg_options(replication="database")))
        assert "replication connections cannot be pooled" in str(refused) and "HINT:" in str(refused), refused
        return
    with psycopg.connect(**psycopg_options(replication="database"), autocommit=True) as connection:
        identified = connection.pgconn.exec_(b"IDENTIFY_SYSTEM")
        assert identified.status == psycopg.pq.ExecStatus.TUPLES_OK, identified.error_message
        assert identified.get_value(0, 3) == DATABASE.encode(), identified.get_value(0, 3)


async def connect_asyncpg():
    return await asyncpg.connect(
        host=HOST,
        port=PORT,
        user=USER,
        database=DATABASE,
        password=credential(),
        server_settings={"options": OPTIONS},
        ssl=ssl.create_default_context(cafile=CA_FILE),
    )


@check("asyncpg: types, prepared statements, COPY and a pool with a password function")
def asyncpg_everyday(_):
    async def run():
        connection = await connect_asyncpg()
        try:
            row = await connection.fetchrow(
                "SELECT $1::int, $2::timestamptz, $3::uuid, $4::bytea, $5::text[]", 7, NOW, UUID, b"\x00", ["a", None]
            )
            assert tuple(row) == (7, NOW, UUID, b"\x00", ["a", None]), row
            await connection.execute("CREATE TEMPORARY TABLE copied (n int, t text)")
            await connection.copy_records_to_table("copied", records=[(n, str(n)) for n in range(1000)])
            assert await connection.fetchval("SELECT sum(n) FROM copied") == 499_500
            async with connection.transaction():
                async for record in connection.cursor("SELECT n FROM copied ORDER BY n LIMIT 3"):
                    assert record["n"] < 3
        finally:
            await connection.close()

        async def password():
            return credential()

        context = ssl.create_default_context(cafile=CA_FILE)
        options = dict(host=HOST, port=PORT, user=USER, database=DATABASE, ssl=context)
        options["server_settings"] = {"options": OPTIONS}
        async with asyncpg.create_pool(**options, password=password, min_size=1, max_size=5) as pool:
            numbers = await asyncio.gather(*[pool.fetchval("SELECT $1::int", n) for n in range(20)])
            assert numbers == list(range(20))

    asyncio.run(run())


@check("asyncpg: a query that takes too long is cancelled, and the session goes on")
def asyncpg_cancel(_):
    async def run():
        connection = await connect_asyncpg()
        try:
            try:
                await connection.fetchval("SELECT pg_sleep(60)", timeout=0.5)
                raise AssertionError("the query was not cancelled")
            except asyncio.TimeoutError:
                pass
            assert await connection.fetchval("SELECT 1") == 1
        finally:
            await connection.close()

    asyncio.run(run())


@check("asyncpg: direct TLS, LISTEN and NOTIFY")
def asyncpg_direct(_):
    async def run():
        options = dict(host=HOST, port=PORT, user=USER, database=DATABASE, password=credential())
        context = ssl.create_default_context(cafile=CA_FILE)
        context.set_alpn_protocols(["postgresql"])
        connection = await asyncpg.connect(
            **options, ssl=context, direct_tls=True, server_settings={"options": OPTIONS}
        )
        try:
            heard = asyncio.Queue()
            await connection.add_listener("asynchronous", lambda *said: heard.put_nowait(said[2:]))
            await connection.execute("SELECT pg_notify('asynchronous', 'hello')")
            assert await asyncio.wait_for(heard.get(), 30) == ("asynchronous", "hello")
            await connection.reset()
        finally:
            await connection.close()

    asyncio.run(run())


@check("pg8000: types, COPY and errors with their SQLSTATE")
def pg8000_everyday(_):
    import io

    connection = pg8000.dbapi.connect(
        host=HOST,
        port=PORT,
        user=USER,
        database=DATABASE,
        password=credential(),
        startup_params={"options": OPTIONS},
        ssl_context=ssl.create_default_context(cafile=CA_FILE),
    )
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT %s::int, %s::text, %s::bytea", (3, "ü", b"\x01"))
        assert cursor.fetchone() == [3, "ü", b"\x01"]
        cursor.execute("CREATE TEMPORARY TABLE copied (n int)")
        cursor.execute("COPY copied FROM STDIN", stream=io.BytesIO(b"1\n2\n3\n"))
        cursor.execute("SELECT sum(n) FROM copied")
        assert cursor.fetchone() == [6]
        error = expect_error(pg8000.dbapi.DatabaseError, lambda: cursor.execute("SELECT 1/0"))
        assert error.args[0]["C"] == "22012", error.args
    finally:
        connection.close()


@check("SQLAlchemy: an engine whose connections each ask for a credential (do_connect)")
def sqlalchemy_everyday(_):
    asked = []
    url = sqlalchemy.URL.create("postgresql+psycopg", username=USER, host=HOST, port=PORT, database=DATABASE)
    engine = sqlalchemy.create_engine(
        url,
        connect_args={"sslmode": "verify-full", "sslrootcert": CA_FILE, "options": OPTIONS},
        pool_recycle=2700,
        pool_pre_ping=True,
    )

    @sqlalchemy.event.listens_for(engine, "do_connect")
    def provide_token(_dialect, _record, _args, parameters):
        asked.append(1)
        parameters["password"] = credential()

    metadata = sqlalchemy.MetaData()
    items = sqlalchemy.Table(
        "alchemy_items",
        metadata,
        sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
        sqlalchemy.Column("doc", sqlalchemy.JSON),
        sqlalchemy.Column("at", sqlalchemy.DateTime(timezone=True)),
    )
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(items.insert(), [{"doc": {"n": n}, "at": NOW} for n in range(10)])
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.select(items).order_by(items.c.id)).all()
        assert [row.doc["n"] for row in rows] == list(range(10)) and rows[0].at == NOW, rows
    names = sqlalchemy.inspect(engine).get_table_names()
    assert "alchemy_items" in names, names
    metadata.drop_all(engine)
    engine.dispose()
    assert len(asked) == 1, f"one connection asked {len(asked)} times"


@check("identifiers with the characters of an e-mail address are quoted by every layer")
def quoted_identifiers(_):
    if OPTIONS:
        skip("backends of a pool keep the settings with which they were opened")
    with psycopg.connect(**psycopg_options()) as connection:
        statement = sql.SQL("ALTER ROLE {} SET statement_timeout = '5min'").format(sql.Identifier(USER))
        connection.execute(statement)
        connection.commit()
    with psycopg.connect(**psycopg_options()) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("5min",)


run_all(SimpleNamespace())
