// The whole workspace in one reply: what a page that shows everything would else need hundreds of calls for.
import type { App, Branch, Endpoint, Overview, Project } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import type { PageQuery } from '../rules/pages.ts'

/** The services whose lists it is made of, with the rights that they give. */
export interface OverviewParts {
  readonly projects: {
    list(caller: Caller, page: PageQuery): Promise<{ projects: Project[]; next_page_token?: string }>
  }
  readonly branches: {
    list(project: string, page: PageQuery): Promise<{ branches: Branch[]; next_page_token?: string }>
  }
  readonly endpoints: {
    list(
      path: { readonly project: string; readonly branch: string },
      page: PageQuery,
    ): Promise<{ endpoints: Endpoint[] }>
  }
  readonly apps: {
    list(caller: Caller, page: PageQuery): Promise<{ apps?: App[]; next_page_token?: string }>
  }
}

export async function readOverview(caller: Caller, parts: OverviewParts): Promise<Overview> {
  const projects = await everyPage(async (page) => {
    const { projects, next_page_token: next } = await parts.projects.list(caller, page)
    return { items: projects, next }
  })
  const apps = await everyPage(async (page) => {
    const { apps = [], next_page_token: next } = await parts.apps.list(caller, page)
    return { items: apps, next }
  })
  return { projects: await Promise.all(projects.map((project) => withBranches(project, parts))), apps }
}

async function withBranches(project: Project, parts: OverviewParts): Promise<Overview['projects'][number]> {
  const id = project.project_id
  const branches = await everyPage(async (page) => {
    const { branches, next_page_token: next } = await parts.branches.list(id, page)
    return { items: branches, next }
  })
  const withEndpoints = branches.map(async (branch) => {
    const { endpoints } = await parts.endpoints.list({ project: id, branch: branch.branch_id }, {})
    return { branch, endpoints }
  })
  return { project, branches: await Promise.all(withEndpoints) }
}

async function everyPage<T>(
  read: (page: PageQuery) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<T[]> {
  const found: T[] = []
  let token: string | undefined
  do {
    const { items, next } = await read({ page_token: token })
    found.push(...items)
    token = next
  } while (token !== undefined)
  return found
}
