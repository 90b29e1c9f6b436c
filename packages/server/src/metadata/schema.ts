// All tables, each described in the file of its queries.
import type { AppsTables } from './apps.ts'
import type { DeploymentFilesTables } from './deployment-files.ts'
import type { DeploymentsTables } from './deployments.ts'
import type { FilesTables } from './files.ts'
import type { BranchesTables } from './branches.ts'
import type { CatalogIdsTables } from './catalog-ids.ts'
import type { CatalogsTables } from './catalogs.ts'
import type { EndpointsTables } from './endpoints.ts'
import type { OperationsTables } from './operations.ts'
import type { ProjectsTables } from './projects.ts'
import type { SettingsTables } from './settings.ts'
import type { OAuthTables } from './oauth.ts'
import type { PermissionsTables } from './permissions.ts'
import type { PrincipalsTables } from './principals.ts'
import type { SessionsTables } from './sessions.ts'
import type { SigningKeysTables } from './signing-keys.ts'
import type { TokensTables } from './tokens.ts'

export interface Tables
  extends
    ProjectsTables,
    OperationsTables,
    EndpointsTables,
    CatalogIdsTables,
    CatalogsTables,
    BranchesTables,
    SettingsTables,
    FilesTables,
    AppsTables,
    DeploymentsTables,
    DeploymentFilesTables,
    OAuthTables,
    PermissionsTables,
    PrincipalsTables,
    SessionsTables,
    SigningKeysTables,
    TokensTables {}
