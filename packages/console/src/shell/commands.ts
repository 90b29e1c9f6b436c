// What the palette can find.
import { useRead } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { language, switchLanguage, t } from '../text/index.ts'
import { usePlace } from './place.ts'
import { signOut } from './sign-out.ts'
import { chosenTheme, switchTheme } from './theme.ts'

export interface Command {
  readonly key: string
  readonly text: string
  readonly kind: string
  readonly to?: string
  readonly search?: Record<string, string>
  readonly run?: () => void
}

export function useCommands(): Command[] {
  const place = usePlace()
  const { data: overview } = useRead('lakelet.getOverview', {})
  const commands: Command[] = []
  const add = (text: string, kind: string, to: string, search?: Record<string, string>) =>
    commands.push({ key: `${kind} ${text} ${to}`, text, kind, to, ...(search ? { search } : {}) })
  if (place.project !== undefined) addBranchPages(add, place.project, place.branch ?? 'production')
  for (const { project, branches } of overview?.projects ?? []) {
    add(project.project_id, t.palette.project, paths.project(project.project_id))
    for (const { branch } of branches) {
      const { branch_id } = branch
      add(
        `${project.project_id} / ${branch_id}`,
        t.palette.branch,
        paths.branch(project.project_id, branch_id),
      )
      add(
        `${project.project_id} / ${branch_id}`,
        t.sql.title,
        paths.branch(project.project_id, branch_id, '/sql'),
      )
    }
  }
  for (const app of overview?.apps ?? []) {
    add(app.name, t.palette.app, paths.app(app.name))
    add(app.name, t.app.environment, paths.app(app.name, '/environment'))
    add(app.name, t.app.logs, paths.app(app.name, '/logs'))
  }
  addPages(add)
  addActions(commands, add)
  return commands
}

type Add = (text: string, kind: string, to: string, search?: Record<string, string>) => void

function addPages(add: Add): void {
  const page = t.palette.page
  add(t.home.title, page, paths.home)
  add(`Lakebase: ${t.projects.title}`, page, paths.projects)
  add('Apps', page, paths.apps)
  add(t.files.title, page, paths.files)
  add(t.identity.users, page, paths.users)
  add(t.identity.groups, page, paths.groups)
  add(t.identity.servicePrincipals, page, paths.servicePrincipals)
  add(t.secrets.title, page, paths.secrets)
  add(t.identity.tokens, page, paths.tokens)
  add(t.preferences.title, page, paths.preferences)
  add(t.about.title, page, paths.about)
}

function addBranchPages(add: Add, project: string, branch: string): void {
  add(t.connect.title, t.palette.action, paths.branch(project, branch), { connect: '1' })
  add(t.branches.create, t.palette.action, paths.project(project, '/branches'), { new: 'branch' })
  add(t.sql.title, t.palette.page, paths.branch(project, branch, '/sql'))
  add(t.roles.title, t.palette.page, paths.branch(project, branch, '/roles'))
  add(t.computes.title, t.palette.page, paths.branch(project, branch, '/computes'))
  add(t.tables.title, t.palette.page, paths.branch(project, branch, '/tables'))
  add(t.activity.title, t.palette.page, paths.branch(project, branch, '/activity'))
  add(t.restore.title, t.palette.page, paths.branch(project, branch, '/restore'))
  add(t.diff.title, t.palette.page, paths.branch(project, branch, '/diff'))
}

function addActions(commands: Command[], add: Add): void {
  const kind = t.palette.action
  add(t.shell.newApp, kind, paths.newApp)
  add(t.shell.newProject, kind, paths.projects, { new: 'project' })
  const nextTheme = chosenTheme() === 'dark' ? 'light' : 'dark'
  commands.push(
    {
      key: 'theme',
      text: t.palette.theme(t.preferences.themes[nextTheme]),
      kind,
      run: () => switchTheme(nextTheme),
    },
    {
      key: 'language',
      text: language() === 'ja' ? 'English' : '日本語',
      kind: t.preferences.language,
      run: () => switchLanguage(language() === 'ja' ? 'en' : 'ja'),
    },
    { key: 'sign-out', text: t.shell.signOut, kind, run: signOut },
  )
}
