import { activity } from './activity.ts'
import { app, apps, files, home, identity } from './apps.ts'
import { branchFiles } from './branch-files.ts'
import { charts } from './charts.ts'
import {
  branch,
  branches,
  computes,
  connect,
  operations,
  permissions,
  project,
  projects,
  roles,
} from './lakebase.ts'
import { diff, past, restore, snapshots, travel } from './past.ts'
import { secrets } from './secrets.ts'
import { about, calls, common, errors, palette, preferences, shell, states } from './shell.ts'
import { reasons } from './reasons.ts'
import { sql, tables } from './sql.ts'

import type { Messages } from '../messages.ts'

export const ja: Messages = {
  about,
  activity,
  app,
  apps,
  branch,
  branches,
  branchFiles,
  calls,
  charts,
  common,
  computes,
  connect,
  diff,
  errors,
  files,
  home,
  identity,
  palette,
  operations,
  past,
  permissions,
  preferences,
  project,
  projects,
  reasons,
  restore,
  roles,
  secrets,
  shell,
  snapshots,
  sql,
  states,
  travel,
  tables,
}
