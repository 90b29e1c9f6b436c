"""postgrest of PyPI, unmodified, against the Data API: its synchronous and its asynchronous client."""

import asyncio
import os

from postgrest import AsyncPostgrestClient, CountMethod, ReturnMethod, SyncPostgrestClient
from postgrest.exceptions import APIError

from checks import check, expect_error, run_all

URL = os.environ["URL"]
HEADERS = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
api = SyncPostgrestClient(URL, headers=HEADERS)


def ids(query):
    return [row["id"] for row in query.order("id").execute().data]


def projects():
    return api.from_("projects").select("id")


@check("filters")
def filters(_context):
    assert ids(projects().eq("name", "Alpha")) == [1]
    assert ids(projects().neq("id", 1)) == [2, 3, 4]
    assert ids(projects().gt("id", 2).lte("id", 3)) == [3]
    assert ids(projects().like("name", "%a")) == [1, 2, 3]
    assert ids(projects().ilike("name", "a%")) == [1]
    assert ids(projects().is_("client_id", "null")) == [4]
    assert ids(projects().in_("name", ["Alpha", "Beta"])) == [1, 2]
    assert ids(projects().contains("tags", ["a"])) == [1]
    assert ids(projects().overlaps("tags", ["c", "b"])) == [1, 2]
    assert ids(projects().not_.eq("id", 2)) == [1, 3, 4]
    assert ids(projects().or_("id.eq.1,and(client_id.eq.2,id.gt.2)")) == [1, 3]
    assert ids(projects().match({"client_id": 1, "done": True})) == [1]
    assert ids(projects().range_adjacent("during", (20, 30))) == [4]
    assert ids(projects().like_any_of("name", "A%,B%")) == [1, 2]
    assert ids(api.from_("projects").select("id").text_search("note", "fox & brown")) == [1]


@check("embedding, counts and single rows")
def embedding(_context):
    reply = api.from_("clients").select("id,projects(id)", count=CountMethod.exact).order("id").limit(1).execute()
    assert (reply.data, reply.count) == ([{"id": 1, "projects": [{"id": 1}, {"id": 2}]}], 3)
    assert api.from_("clients").select("name").eq("id", 1).single().execute().data == {"name": "Acme"}
    assert api.from_("clients").select("name").eq("id", 9).maybe_single().execute() is None
    error = expect_error(APIError, lambda: api.from_("clients").select("name").single().execute())
    assert error.code == "PGRST116", error.code
    assert api.from_("clients").select("id").order("id").csv().execute().data == "id\n1\n2\n3"


@check("writing")
def writing(_context):
    api.from_("users").insert([{"id": 200, "name": "p"}, {"id": 201, "name": "q"}]).execute()
    merged = api.from_("users").upsert({"id": 200, "name": "merged"}).execute().data
    assert merged == [{"id": 200, "name": "merged"}], merged
    changed = api.from_("users").update({"name": "r"}, returning=ReturnMethod.minimal).eq("id", 201).execute()
    assert changed.data == [], changed.data
    gone = api.from_("users").delete(count=CountMethod.exact).gte("id", 200).execute()
    assert gone.count == 2 and len(gone.data) == 2


@check("functions, other schemas")
def functions(_context):
    assert api.rpc("add_them", {"a": 1, "b": 2}).execute().data == 3
    assert api.rpc("add_them", {"a": 1}, get=True).execute().data == 6
    assert api.schema("other").from_("things").select("name").eq("id", 1).execute().data == [{"name": "thing"}]


@check("the asynchronous client")
def asynchronous(_context):
    async def run():
        async with AsyncPostgrestClient(URL, headers=HEADERS) as client:
            return await asyncio.gather(*[client.from_("clients").select("id").eq("id", n).execute() for n in (1, 2, 3)])

    assert [reply.data for reply in asyncio.run(run())] == [[{"id": 1}], [{"id": 2}], [{"id": 3}]]


run_all(None)
