"""Every method of `w.postgres` that the SDK has. The last check fails when a public method was neither called nor excused."""

import inspect
import time
import uuid

import psycopg
from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.errors import BadRequest, DatabricksError, NotFound, ResourceConflict
from databricks.sdk.errors.platform import AlreadyExists
from databricks.sdk.service import postgres
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from checks import check, expect_error, skip

# Public methods that no check can call, each with the reason.
EXCUSED: dict[str, str] = {}

# What a workspace without these features answers to writes.
REFUSED = ("FEATURE_DISABLED", "NOT_IMPLEMENTED")


class Recorder:
    """Passes everything on and remembers which methods were called."""

    def __init__(self, api):
        self._called = set()
        self._api = api

    def __getattr__(self, name):
        self._called.add(name)
        return getattr(self._api, name)


def api(context):
    if not hasattr(context, "pg"):
        context.pg = Recorder(context.w.postgres)
    return context.pg


def has(name):
    return hasattr(postgres.PostgresAPI, name)


def need(context, *names):
    missing = [name for name in names if not has(name)]
    if missing:
        skip(f"databricks-sdk {context.version} has no postgres.{', '.join(missing)}")


def mask(*paths):
    return FieldMask(field_mask=list(paths))


def project_name(context):
    return f"projects/py-{context.label}"


def production(context):
    return f"{project_name(context)}/branches/production"


def primary(context):
    return f"{production(context)}/endpoints/primary"


@check("create_project: the operation is named after the project, and wait() gives it")
def create_project(context):
    spec = postgres.ProjectSpec(display_name="A project", pg_version=17)
    operation = api(context).create_project(
        project=postgres.Project(spec=spec), project_id=f"py-{context.label}"
    )
    assert operation.name().startswith(f"{project_name(context)}/operations/"), operation.name()
    assert operation.metadata() is not None
    project = operation.wait()
    assert operation.done() is True
    assert project.name == project_name(context) and uuid.UUID(project.uid), project
    assert project.spec is None, "the specification is not echoed"
    assert project.status.display_name == "A project" and project.status.pg_version == 17, project.status
    assert project.status.owner == context.user, project.status
    assert project.create_time.ToSeconds() > 0
    context.operation = operation.name()
    context.project_uid = project.uid


@check("get_operation gives the finished operation, and NotFound for another")
def get_operation(context):
    operation = api(context).get_operation(name=context.operation)
    assert operation.done and operation.response["name"] == project_name(context), operation
    assert operation.metadata["@type"].endswith("ProjectOperationMetadata"), operation.metadata
    expect_error(
        NotFound, lambda: api(context).get_operation(name=f"{project_name(context)}/operations/{uuid.uuid4()}")
    )


@check("get_project by id and by uid")
def get_project(context):
    project = api(context).get_project(name=project_name(context))
    assert api(context).get_project(name=f"projects/{context.project_uid}").name == project.name
    assert getattr(project.status, "enable_pg_native_login", False) is False, project.status
    assert project.status.branch_logical_size_limit_bytes == 8796093022208, project.status


@check("an existing project is AlreadyExists, a missing one NotFound, a bad id BadRequest")
def project_errors(context):
    create = lambda name: api(context).create_project(project=postgres.Project(), project_id=name)  # noqa: E731
    error = expect_error(AlreadyExists, lambda: create(f"py-{context.label}"), error_code="ALREADY_EXISTS")
    assert isinstance(error, ResourceConflict)
    assert str(error) == "project with such id already exists in the workspace", error
    expect_error(
        NotFound,
        lambda: api(context).get_project(name="projects/no-such-project"),
        error_code="NOT_FOUND",
        message="project id not found",
    )
    expect_error(BadRequest, lambda: create("Not_A_Name"), error_code="INVALID_PARAMETER_VALUE")
    expect_error(
        BadRequest,
        lambda: create(""),
        error_code="INVALID_PARAMETER_VALUE",
        message="Field 'project_id' is required, expected non-default value (not \"\")!",
    )


@check("update_project changes what the mask names and nothing else")
def update_project(context):
    settings = postgres.ProjectDefaultEndpointSettings(suspend_timeout_duration=Duration(seconds=600))
    spec = postgres.ProjectSpec(
        display_name="not asked for",
        history_retention_duration=Duration(seconds=172800),
        default_endpoint_settings=settings,
    )
    changed = (
        api(context)
        .update_project(
            name=project_name(context),
            project=postgres.Project(spec=spec),
            update_mask=mask(
                "spec.history_retention_duration", "spec.default_endpoint_settings.suspend_timeout_duration"
            ),
        )
        .wait()
    )
    assert changed.status.display_name == "A project", changed.status
    assert changed.status.history_retention_duration.seconds == 172800, changed.status
    assert changed.status.default_endpoint_settings.suspend_timeout_duration.seconds == 600, changed.status
    error = expect_error(
        BadRequest,
        lambda: api(context)
        .update_project(
            name=project_name(context), project=postgres.Project(), update_mask=mask("spec.no_such_field")
        )
        .wait(),
    )
    assert error.error_code == "INVALID_PARAMETER_VALUE", error.error_code


@check("list_projects gives every project once, whatever the page size")
def list_projects(context):
    listed = [project.name for project in api(context).list_projects(page_size=1)]
    assert project_name(context) in listed, listed
    assert len(listed) == len(set(listed)), listed


@check("create_branch from the default branch, and one that expires")
def create_branch(context):
    create = api(context).create_branch
    spec = postgres.BranchSpec(source_branch=production(context), no_expiry=True)
    branch = create(
        parent=project_name(context), branch=postgres.Branch(spec=spec), branch_id="child"
    ).wait()
    assert branch.name == f"{project_name(context)}/branches/child", branch
    assert branch.status.source_branch == production(context), branch.status
    assert branch.status.current_state.value == "READY" and branch.uid.startswith("br-"), branch
    context.branch_uid = branch.uid
    spec = postgres.BranchSpec(ttl=Duration(seconds=86400))
    branch = create(
        parent=project_name(context), branch=postgres.Branch(spec=spec), branch_id="short-lived"
    ).wait()
    left = branch.status.expire_time.ToSeconds() - time.time()
    assert 80_000 < left < 90_000, branch.status


@check("create_branch again is AlreadyExists, or the same branch with replace_existing")
def replace_branch(context):
    again = dict(
        parent=project_name(context),
        branch=postgres.Branch(spec=postgres.BranchSpec(no_expiry=True)),
        branch_id="child",
    )
    expect_error(
        AlreadyExists, lambda: api(context).create_branch(**again).wait(), message="branch with such id already exists"
    )
    if "replace_existing" in inspect.signature(postgres.PostgresAPI.create_branch).parameters:
        branch = api(context).create_branch(**again, replace_existing=True).wait()
        assert branch.uid == context.branch_uid, "the identity of the branch is kept"


@check("get_branch by id and by uid, list_branches page by page")
def read_branches(context):
    branch = api(context).get_branch(name=production(context))
    assert branch.status.default is True and branch.status.is_protected is False, branch.status
    assert branch.status.source_branch is None, branch.status
    by_uid = f"projects/{context.project_uid}/branches/{context.branch_uid}"
    assert api(context).get_branch(name=by_uid).name == f"{project_name(context)}/branches/child"
    listed = [item.name.rsplit("/", 1)[1] for item in api(context).list_branches(project_name(context), page_size=1)]
    assert sorted(listed) == ["child", "production", "short-lived"], listed
    expect_error(
        NotFound,
        lambda: api(context).get_branch(name=f"{project_name(context)}/branches/nothing"),
        message="branch id not found",
    )


@check("update_branch with the group name spec.expiration, and protection")
def update_branch(context):
    name = f"{project_name(context)}/branches/short-lived"
    change = lambda spec, *paths: (  # noqa: E731
        api(context).update_branch(name=name, branch=postgres.Branch(spec=spec), update_mask=mask(*paths)).wait()
    )
    assert change(postgres.BranchSpec(no_expiry=True), "spec.expiration").status.expire_time is None
    assert change(postgres.BranchSpec(is_protected=True), "spec.is_protected").status.is_protected is True
    expect_error(
        BadRequest,
        lambda: api(context).delete_branch(name=name).wait(),
        error_code="BAD_REQUEST",
        message="cannot delete protected branch",
    )
    assert change(postgres.BranchSpec(is_protected=False), "spec.is_protected").status.is_protected is False


@check("delete_branch, refused for the root branch with MANAGED_BY_PARENT")
def delete_branch(context):
    assert api(context).delete_branch(name=f"{project_name(context)}/branches/short-lived").wait() is None
    error = expect_error(
        BadRequest,
        lambda: api(context).delete_branch(name=production(context)).wait(),
        error_code="BAD_REQUEST",
        message="Root branches cannot be deleted independently",
    )
    details = error.get_error_details()
    assert details.error_info.reason == "RESOURCE_CONFLICT", details
    assert details.error_info.metadata == {"declarative_context": "MANAGED_BY_PARENT"}, details
    assert details.error_info.domain == "databricks.com", details


@check("undelete_branch brings back a branch that show_deleted lists")
def undelete_branch(context):
    need(context, "undelete_branch")
    name = f"{project_name(context)}/branches/short-lived"
    deleted = [item for item in api(context).list_branches(project_name(context), show_deleted=True) if item.name == name]
    assert deleted and deleted[0].status.delete_time is not None, deleted
    # The SDK's wait() of this operation gives nothing.
    api(context).undelete_branch(name=name).wait()
    assert api(context).get_branch(name=name).status.current_state.value == "READY"
    api(context).delete_branch(name=name, purge=True).wait()
    left = [item.name for item in api(context).list_branches(project_name(context), show_deleted=True)]
    assert name not in left, left


@check("get_endpoint and list_endpoints show the host to connect to")
def read_endpoints(context):
    endpoint = api(context).get_endpoint(name=primary(context))
    assert endpoint.uid.startswith("ep-") and endpoint.status.hosts.host, endpoint
    assert getattr(endpoint, "endpoint_id", "primary") == "primary", endpoint
    assert endpoint.status.endpoint_type.value == "ENDPOINT_TYPE_READ_WRITE", endpoint.status
    assert endpoint.status.current_state.value in ("ACTIVE", "IDLE"), endpoint.status
    listed = [item.name for item in api(context).list_endpoints(production(context), page_size=1)]
    assert listed == [primary(context)], listed
    context.endpoint = endpoint
    expect_error(
        NotFound,
        lambda: api(context).get_endpoint(name=f"{production(context)}/endpoints/nothing"),
        message="endpoint id not found",
    )


@check("update_endpoint with the group name spec.suspension, limits and disabled")
def update_endpoint(context):
    name = f"{project_name(context)}/branches/child/endpoints/primary"
    kind = postgres.EndpointType.ENDPOINT_TYPE_READ_WRITE

    def change(*paths, **fields):
        spec = postgres.EndpointSpec(endpoint_type=kind, **fields)
        return (
            api(context)
            .update_endpoint(name=name, endpoint=postgres.Endpoint(spec=spec), update_mask=mask(*paths))
            .wait()
        )

    changed = change("spec.suspension", suspend_timeout_duration=Duration(seconds=120))
    assert changed.status.suspend_timeout_duration.seconds == 120, changed.status
    # The oldest SDK has no field `no_suspension`.
    if "no_suspension" in inspect.signature(postgres.EndpointSpec).parameters:
        assert change("spec.suspension", no_suspension=True).status.suspend_timeout_duration is None
    limits = ("spec.autoscaling_limit_min_cu", "spec.autoscaling_limit_max_cu")
    changed = change(*limits, autoscaling_limit_min_cu=0.5, autoscaling_limit_max_cu=2)
    assert (changed.status.autoscaling_limit_min_cu, changed.status.autoscaling_limit_max_cu) == (0.5, 2)
    if "group" in inspect.signature(postgres.EndpointSpec).parameters:
        group = postgres.EndpointGroupSpec(min=2, max=2, enable_readable_secondaries=True)
        status = change("spec.group", group=group).status
        assert (status.group.max, status.group.enable_readable_secondaries) == (2, True), status
        assert status.hosts.read_only_host, status
        alone = postgres.EndpointGroupSpec(min=1, max=1, enable_readable_secondaries=False)
        assert change("spec.group", group=alone).status.hosts.read_only_host is None
    assert change("spec.disabled", disabled=True).status.disabled is True
    assert change("spec.disabled", disabled=False).status.disabled is False
    expect_error(
        BadRequest, lambda: change(*limits, autoscaling_limit_min_cu=1, autoscaling_limit_max_cu=64)
    )


@check("create_endpoint: a second read-write endpoint is refused, an existing id AlreadyExists")
def create_endpoint(context):
    def create(endpoint_id, kind):
        spec = postgres.EndpointSpec(endpoint_type=kind)
        return (
            api(context)
            .create_endpoint(
                parent=production(context), endpoint=postgres.Endpoint(spec=spec), endpoint_id=endpoint_id
            )
            .wait()
        )

    read_write = postgres.EndpointType.ENDPOINT_TYPE_READ_WRITE
    expect_error(
        AlreadyExists, lambda: create("primary", read_write), message="endpoint with such id already exists"
    )
    expect_error(DatabricksError, lambda: create("second", read_write))
    try:
        replica = create("replica", postgres.EndpointType.ENDPOINT_TYPE_READ_ONLY)
    except DatabricksError as error:
        assert error.error_code in REFUSED, error
    else:
        # Older versions do not know the field.
        assert getattr(replica.status.hosts, "read_only_host", "unknown"), replica
        api(context).delete_endpoint(name=replica.name).wait()


@check("delete_endpoint is refused for the read-write endpoint")
def delete_endpoint(context):
    error = expect_error(
        BadRequest,
        lambda: api(context).delete_endpoint(name=primary(context)).wait(),
        error_code="BAD_REQUEST",
        message="Read-write endpoints cannot be deleted",
    )
    assert error.get_error_details().error_info.metadata["declarative_context"] == "MANAGED_BY_PARENT"


def endpoint_option(context):
    """For passwords that name no endpoint, where the host name does not either."""
    return f"endpoint={context.endpoint.uid}"


def connect(context, endpoint, user, token, **options):
    return psycopg.connect(
        host=endpoint.status.hosts.host,
        port=context.postgres["port"],
        dbname=options.pop("dbname", "databricks_postgres"),
        user=user,
        password=token,
        sslmode="verify-full",
        sslrootcert=context.ca_file,
        **options,
    )


@check("generate_database_credential opens a verified connection as the user")
def credential(context):
    made = api(context).generate_database_credential(endpoint=primary(context))
    left = made.expire_time.ToSeconds() - time.time()
    assert 3000 < left <= 3610, made.expire_time
    with connect(context, context.endpoint, context.user, made.token) as connection:
        user, database = connection.execute("SELECT current_user, current_database()").fetchone()
        assert (user, database) == (context.user, "databricks_postgres")
        connection.execute("CREATE TABLE IF NOT EXISTS numbers AS SELECT generate_series(1, 10) AS n")
        assert connection.execute("SELECT sum(n) FROM numbers WHERE n > %s", (5,)).fetchone() == (40,)


@check("generate_database_credential with a life, and its errors")
def credential_life(context):
    parameters = inspect.signature(postgres.PostgresAPI.generate_database_credential).parameters
    generate = api(context).generate_database_credential
    if "ttl" in parameters:
        made = generate(endpoint=primary(context), ttl=Duration(seconds=600))
        assert 540 < made.expire_time.ToSeconds() - time.time() <= 610, made.expire_time
        until = Timestamp(seconds=int(time.time()) + 900)
        made = generate(endpoint=primary(context), expire_time=until)
        assert abs(made.expire_time.ToSeconds() - until.seconds) <= 5, made.expire_time
        expect_error(
            BadRequest,
            lambda: generate(endpoint=primary(context), ttl=Duration(seconds=7200)),
            error_code="INVALID_PARAMETER_VALUE",
        )
    expect_error(NotFound, lambda: generate(endpoint=f"{production(context)}/endpoints/nothing"))
    expect_error(NotFound, lambda: generate(endpoint="nonsense"))


@check("a credential is for one identity: as somebody else it is refused")
def foreign_credential(context):
    made = api(context).generate_database_credential(endpoint=primary(context))
    error = expect_error(
        psycopg.OperationalError, lambda: connect(context, context.endpoint, "postgres", made.token)
    )
    assert "authentication failed" in str(error), error


@check("create_role, get_role, list_roles and update_role")
def roles(context):
    # The first SDK with roles knows fewer fields of them.
    identity, method = postgres.RoleIdentityType, postgres.RoleAuthMethod
    spec = postgres.RoleRoleSpec(
        postgres_role=context.principal.application_id,
        identity_type=identity.SERVICE_PRINCIPAL,
        auth_method=method.LAKEBASE_OAUTH_V1,
    )
    role = (
        api(context)
        .create_role(parent=production(context), role=postgres.Role(spec=spec), role_id="robot")
        .wait()
    )
    name = f"{production(context)}/roles/robot"
    assert role.name == name, role
    assert role.status.postgres_role == context.principal.application_id, role.status
    assert role.status.identity_type == identity.SERVICE_PRINCIPAL, role.status
    assert role.status.auth_method == method.LAKEBASE_OAUTH_V1, role.status
    assert api(context).get_role(name=name).status == role.status
    listed = [item.name.rsplit("/", 1)[1] for item in api(context).list_roles(production(context), page_size=1)]
    assert "robot" in listed and context.user.split("@")[0].replace(".", "-") in listed, listed
    expect_error(
        NotFound, lambda: api(context).get_role(name=f"{production(context)}/roles/nobody"), message="role id not found"
    )
    expect_error(
        BadRequest,
        lambda: api(context)
        .create_role(parent=production(context), role=postgres.Role(spec=spec), role_id="robot")
        .wait(),
        error_code="BAD_REQUEST",
        message="role with that name already exists",
    )
    context.role = name


@check("update_role leaves what the mask does not name")
def update_role(context):
    need(context, "update_role")
    spec = postgres.RoleRoleSpec(attributes=postgres.RoleAttributes(createdb=True))
    changed = (
        api(context)
        .update_role(
            name=context.role,
            role=postgres.Role(spec=spec),
            update_mask=mask("spec.attributes.createdb"),
        )
        .wait()
    )
    assert changed.status.attributes.createdb is True, changed.status
    assert changed.status.attributes.createrole is False, changed.status
    assert changed.status.attributes.bypassrls is False, changed.status


@check("update_role: a mask of the whole needs every attribute, and what is fixed cannot be named")
def update_role_masks(context):
    need(context, "update_role", "reveal_role_password")

    def update(*paths, **attributes):
        spec = postgres.RoleRoleSpec(attributes=postgres.RoleAttributes(**attributes))
        role = postgres.Role(spec=spec)
        return api(context).update_role(name=context.role, role=role, update_mask=mask(*paths)).wait()

    refused = lambda call: expect_error(BadRequest, call, "INVALID_PARAMETER_VALUE")  # noqa: E731
    refused(lambda: update("*", createdb=True))
    refused(lambda: update("spec", "spec.attributes.createdb", createdb=True))
    for fixed in ("identity_type", "auth_method", "postgres_role"):
        refused(lambda: update(f"spec.{fixed}"))
    assert update("spec", createrole=True).status.attributes.createdb is True
    whole = update("*", createdb=False, createrole=False, bypassrls=False).status.attributes
    assert (whole.createdb, whole.createrole, whole.bypassrls) == (False, False, False), whole


@check("a service principal with a role logs in to Postgres with its own credential")
def robot_login(context):
    context.w.permissions.update(
        "database-projects",
        f"py-{context.label}",
        access_control_list=[permission(context, "CAN_USE")],
    )
    robot = context.robot
    made = robot.postgres.generate_database_credential(endpoint=primary(context))
    client_id = context.principal.application_id
    with connect(context, context.endpoint, client_id, made.token) as connection:
        assert connection.execute("SELECT session_user").fetchone() == (client_id,)
        error = expect_error(
            psycopg.errors.InsufficientPrivilege, lambda: connection.execute("SELECT * FROM numbers")
        )
        assert "permission denied for table numbers" in str(error), error
    token = robot.config.oauth_token().access_token
    # A workspace token names no endpoint.
    option = endpoint_option(context)
    with connect(context, context.endpoint, client_id, token, options=option) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,), "a workspace token is a password as well"


def permission(context, level):
    from databricks.sdk.service import iam

    return iam.AccessControlRequest(
        service_principal_name=context.principal.application_id, permission_level=iam.PermissionLevel(level)
    )


@check("a password role logs in once the project allows it, by the password that is revealed or that SQL set")
def role_password(context):
    need(context, "reveal_role_password")
    spec = postgres.RoleRoleSpec(
        postgres_role="with_password", auth_method=postgres.RoleAuthMethod.PG_PASSWORD_SCRAM_SHA_256
    )
    role = (
        api(context)
        .create_role(parent=production(context), role=postgres.Role(spec=spec), role_id="with-password")
        .wait()
    )
    made = api(context).reveal_role_password(name=role.name).password
    assert len(made) == 32, made
    token = api(context).generate_database_credential(endpoint=primary(context)).token
    log_in = lambda password: connect(  # noqa: E731
        context, context.endpoint, "with_password", password, options=endpoint_option(context)
    )
    error = expect_error(psycopg.OperationalError, lambda: log_in(made))
    assert "password authentication failed" in str(error), error
    native = postgres.Project(spec=postgres.ProjectSpec(enable_pg_native_login=True))
    api(context).update_project(
        name=project_name(context), project=native, update_mask=mask("spec.enable_pg_native_login")
    ).wait()
    with log_in(made) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("with_password",)
    with connect(context, context.endpoint, context.user, token) as connection:
        connection.execute("ALTER ROLE with_password PASSWORD 'correct horse battery staple'")
    with log_in("correct horse battery staple") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("with_password",)
    expect_error(
        BadRequest, lambda: api(context).reveal_role_password(name=role.name), "BAD_REQUEST", "set by SQL"
    )
    api(context).delete_role(name=role.name).wait()


@check("databases: create, get, list, rename, delete")
def databases(context):
    need(context, "create_database", "get_database", "list_databases", "update_database", "delete_database")
    owner = context.user.split("@")[0].replace(".", "-")
    spec = postgres.DatabaseDatabaseSpec(
        postgres_database="shop", role=f"{production(context)}/roles/{owner}"
    )
    made = (
        api(context)
        .create_database(
            parent=production(context), database=postgres.Database(spec=spec), database_id="shop-db"
        )
        .wait()
    )
    name = f"{production(context)}/databases/shop-db"
    assert made.name == name and made.status.postgres_database == "shop", made
    assert made.status.role == f"{production(context)}/roles/{owner}", made.status
    assert api(context).get_database(name=name).status.postgres_database == "shop"
    listed = [item.name.rsplit("/", 1)[1] for item in api(context).list_databases(production(context), page_size=1)]
    assert sorted(listed) == ["databricks-postgres", "shop-db"], listed
    spec.postgres_database = "store"
    renamed = postgres.Database(spec=spec)
    changed = (
        api(context)
        .update_database(name=name, database=renamed, update_mask=mask("spec.postgres_database"))
        .wait()
    )
    assert changed.status.postgres_database == "store", changed.status
    token = api(context).generate_database_credential(endpoint=primary(context)).token
    with connect(context, context.endpoint, context.user, token, dbname="store") as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("store",)
    expect_error(
        BadRequest,
        lambda: api(context)
        .create_database(
            parent=production(context),
            database=postgres.Database(spec=postgres.DatabaseDatabaseSpec(postgres_database="x", role=None)),
            database_id="no-owner",
        )
        .wait(),
        message="Field 'database.spec.role' is required",
    )
    api(context).delete_database(name=name).wait()
    expect_error(NotFound, lambda: api(context).get_database(name=name), message="database id not found")


@check("delete_role hands its objects to reassign_owned_to")
def delete_role(context):
    owner = context.user.split("@")[0].replace(".", "-")
    client_id = context.principal.application_id
    token = api(context).generate_database_credential(endpoint=primary(context)).token
    with connect(context, context.endpoint, context.user, token) as connection:
        connection.execute(f'GRANT CREATE ON SCHEMA public TO "{client_id}"')
    robot_token = context.robot.postgres.generate_database_credential(endpoint=primary(context)).token
    with connect(context, context.endpoint, client_id, robot_token) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    # A failed operation is a plain Exception in the SDK.
    refused = lambda: api(context).delete_role(name=context.role).wait()  # noqa: E731
    expect_error(Exception, refused, message="cannot delete role that owns objects")
    api(context).delete_role(
        name=context.role, reassign_owned_to=f"{production(context)}/roles/{owner}"
    ).wait()
    expect_error(NotFound, lambda: api(context).get_role(name=context.role))
    with connect(context, context.endpoint, context.user, token) as connection:
        query = "SELECT tableowner FROM pg_tables WHERE tablename = 'kept'"
        assert connection.execute(query).fetchone() == (context.user,)


@check("catalogs and synced tables are not part of the workspace, and say so")
def catalogs(context):
    need(context, "create_catalog", "create_synced_table")
    catalog = postgres.Catalog(spec=postgres.CatalogCatalogSpec(postgres_database="databricks_postgres"))
    expect_error(DatabricksError, lambda: api(context).create_catalog(catalog=catalog, catalog_id="c"), REFUSED)
    expect_error(NotFound, lambda: api(context).get_catalog(name="catalogs/c"))
    expect_error(DatabricksError, lambda: api(context).delete_catalog(name="catalogs/c"))
    create = lambda: api(context).create_synced_table(  # noqa: E731
        synced_table=postgres.SyncedTable(), synced_table_id="c.s.t"
    )
    expect_error(DatabricksError, create, REFUSED)
    expect_error(NotFound, lambda: api(context).get_synced_table(name="synced_tables/c.s.t"))
    expect_error(DatabricksError, lambda: api(context).delete_synced_table(name="synced_tables/c.s.t"))


@check("the Data API is enabled, changed and disabled; change data feeds are not there, and say so")
def data_api(context):
    need(context, "create_data_api", "create_cdf_config")
    database = f"{production(context)}/databases/databricks-postgres"
    data = postgres.DataApi(spec=postgres.DataApiDataApiSpec(db_schemas=["public"]))
    expect_error(NotFound, lambda: api(context).get_data_api(name=f"{database}/data-api"))
    update = lambda: api(context).update_data_api(  # noqa: E731
        name=f"{database}/data-api", data_api=data, update_mask=mask("spec")
    )
    made = api(context).create_data_api(parent=database, data_api=data).wait()
    assert made.status.db_schemas == ["public"] and made.status.url.endswith("/databricks_postgres"), made
    assert update().wait().name == f"{database}/data-api"
    assert api(context).get_data_api(name=f"{database}/data-api").status.available_schemas == ["public"]
    api(context).delete_data_api(name=f"{database}/data-api").wait()
    expect_error(NotFound, lambda: api(context).get_data_api(name=f"{database}/data-api"))
    feed = postgres.CdfConfig(catalog="c", schema="s", postgres_schema="public")
    expect_error(DatabricksError, lambda: api(context).create_cdf_config(parent=database, cdf_config=feed), REFUSED)
    config = f"{database}/cdf-configs/feed"
    assert list(api(context).list_cdf_configs(parent=database)) == []
    expect_error(NotFound, lambda: api(context).get_cdf_config(name=config))
    expect_error(DatabricksError, lambda: api(context).delete_cdf_config(name=config))
    expect_error(NotFound, lambda: api(context).list_cdf_statuses(parent=config))
    expect_error(NotFound, lambda: api(context).get_cdf_status(name=f"{config}/cdf-statuses/t"))


@check("snapshots: create, get, list, a branch of one, delete")
def snapshots(context):
    need(context, "create_snapshot", "update_snapshot_schedule")
    parent = project_name(context)
    assert list(api(context).list_snapshots(parent=parent)) == []
    spec = postgres.SnapshotSpec(source_branch=production(context), ttl=Duration(seconds=7200))
    operation = api(context).create_snapshot(
        parent=parent, snapshot=postgres.Snapshot(spec=spec), snapshot_id="one"
    )
    assert operation.metadata() is not None
    name = f"{parent}/snapshots/one"
    made = operation.wait()
    assert made.name == name and made.snapshot_id == "one" and made.uid, made
    got = api(context).get_snapshot(name=name)
    assert got.status.source_branch == production(context), got
    assert got.status.full_size_bytes > 1_000_000, got
    assert got.status.diff_size_bytes == got.status.full_size_bytes, got
    left = got.status.expire_time.ToSeconds() - time.time()
    assert 7000 < left <= 7200, left
    assert [item.name for item in api(context).list_snapshots(parent=parent)] == [name]
    expect_error(
        AlreadyExists,
        lambda: api(context).create_snapshot(
            parent=parent, snapshot=postgres.Snapshot(spec=spec), snapshot_id="one"
        ),
    )
    branch = api(context).create_branch(
        parent=parent,
        branch_id="from-snapshot",
        branch=postgres.Branch(
            spec=postgres.BranchSpec(source_snapshot=name, ttl=Duration(seconds=3600))
        ),
    ).wait()
    assert branch.status.source_snapshot == name and branch.status.source_branch is None, branch
    api(context).delete_branch(name=branch.name).wait()
    assert api(context).delete_snapshot(name=name).wait() is None
    expect_error(NotFound, lambda: api(context).get_snapshot(name=name), error_code="NOT_FOUND")


@check("snapshot schedules: empty at first, replaced as a whole, cleared, and refused when wrong")
def snapshot_schedules(context):
    need(context, "update_snapshot_schedule")
    name = f"{production(context)}/snapshot-schedule"
    empty = api(context).get_snapshot_schedule(name=name)
    assert empty.name == name and empty.schedule == [], empty

    def update(*cadences):
        return api(context).update_snapshot_schedule(
            name=name,
            snapshot_schedule=postgres.SnapshotSchedule(schedule=list(cadences)),
            update_mask=mask("schedule"),
        )

    week = Duration(seconds=7 * 86400)
    daily = postgres.ScheduleCadence(retention=week, daily_schedule=postgres.DailySchedule(hour=3))
    monthly = postgres.ScheduleCadence(retention=week, monthly_schedule=postgres.MonthlySchedule(day=31))
    weekly = postgres.ScheduleCadence(
        retention=week, weekly_schedule=postgres.WeeklySchedule(day_of_week=postgres.DayOfWeek.SUNDAY, hour=4)
    )
    changed = update(daily, weekly, monthly).wait()
    assert [item.retention.ToSeconds() for item in changed.schedule] == [7 * 86400] * 3, changed
    got = api(context).get_snapshot_schedule(name=name)
    assert got.schedule[1].weekly_schedule.day_of_week == postgres.DayOfWeek.SUNDAY, got
    assert got.schedule[2].monthly_schedule.day == 31 and got.schedule[2].monthly_schedule.hour == 0, got
    short = postgres.ScheduleCadence(
        retention=Duration(seconds=60), daily_schedule=postgres.DailySchedule(hour=3)
    )
    expect_error(BadRequest, lambda: update(short), error_code="INVALID_PARAMETER_VALUE")
    assert update().wait().schedule == []
    assert api(context).get_snapshot_schedule(name=name).schedule == []


@check("delete_project, undelete_project and purge")
def delete_project(context):
    assert api(context).delete_project(name=project_name(context)).wait() is None
    assert project_name(context) not in [item.name for item in api(context).list_projects()]
    if has("undelete_project"):
        listed = api(context).list_projects(show_deleted=True)
        deleted = [item for item in listed if item.name == project_name(context)]
        assert deleted and deleted[0].delete_time is not None and deleted[0].purge_time is not None, deleted
        api(context).undelete_project(name=project_name(context)).wait()
        restored = api(context).get_project(name=project_name(context))
        assert restored.uid == context.project_uid and restored.delete_time is None, restored
        api(context).delete_project(name=project_name(context), purge=True).wait()
        expect_error(NotFound, lambda: api(context).get_project(name=project_name(context)))


@check("every public method of w.postgres was called")
def every_method(context):
    public = {
        name
        for name, _ in inspect.getmembers(postgres.PostgresAPI, inspect.isfunction)
        if not name.startswith("_")
    }
    missing = sorted(public - context.pg._called - set(EXCUSED))
    assert not missing, f"no check calls {missing}"
    assert not set(EXCUSED) & context.pg._called, "an excused method is called after all"
