// A page of another port of this host, as an app is: it gets the workspace's cookie in every request, and must get nothing for it.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoutes } from '@lakelet/api'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { openConsole } from './console.ts'

const reason = await whyNoBrowser()
const PROJECTS = '/api/2.0/postgres/projects'

describe.skipIf(reason !== undefined)(`a page of another origin${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('neither reads nor acts with the cookie of a signed-in browser', async () => {
    await using foreign = await servePage()
    await using browser = await launchBrowser()
    const { context, page: own } = await openConsole(browser, workspace)
    expect(await own.evaluate(`fetch('${PROJECTS}').then((reply) => reply.status)`)).toBe(200)
    const page = await context.newPage()
    await page.goto(foreign.url)
    const at = `${workspace.host}${PROJECTS}`
    const statuses: number[] = []
    page.on('response', (reply) => {
      if (reply.url().startsWith(`${workspace.host}/api`)) statuses.push(reply.status())
    })
    for (const mode of ['cors', 'no-cors']) {
      const asked = await attempt(
        page,
        `fetch('${at}', { mode: '${mode}', credentials: 'include' }).then((r) => r.text())`,
      )
      expect(asked).not.toContain('projects')
      const body = `method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' }`
      await attempt(
        page,
        `fetch('${at}?project_id=planted', { mode: '${mode}', credentials: 'include', ${body} })`,
      )
    }
    expect(await attempt(page, openStream(`${workspace.host}/api/2.0/lakelet/changes`))).toBe('refused')
    expect(await attempt(page, framed(workspace.host))).toBe('nothing')
    await attempt(page, posted(`${at}?project_id=planted`))
    expect([...new Set(statuses)]).toEqual([403])
    const { projects = [] } = await workspace.client.call(projectRoutes.listProjects, {})
    expect(projects).toEqual([])
  })
})

/** What a script of the page got, or how it failed. */
function attempt(page: Page, script: string): Promise<string> {
  return page.evaluate<string>(
    `Promise.resolve(${script}).then(String, (error) => 'failed: ' + error.message)`,
  )
}

function openStream(url: string): string {
  return `new Promise((done) => {
    const stream = new EventSource('${url}', { withCredentials: true })
    stream.addEventListener('open', () => done('opened'))
    stream.addEventListener('error', () => done('refused'))
  })`
}

/** What the document of a frame shows to the page around it. */
function framed(url: string): string {
  return `new Promise((done) => {
    const frame = document.createElement('iframe')
    frame.addEventListener('load', () => {
      try { done(frame.contentDocument?.body.innerText || 'nothing') } catch { done('nothing') }
    })
    frame.src = '${url}'
    document.body.append(frame)
  })`
}

/** Sends a form into a frame, which no other policy than the cookie's keeps from being sent. */
function posted(url: string): string {
  return `new Promise((done) => {
    const frame = document.createElement('iframe')
    frame.name = 'target'
    frame.addEventListener('load', () => done('sent'))
    const form = document.createElement('form')
    Object.assign(form, { method: 'post', action: '${url}', target: 'target', enctype: 'text/plain' })
    document.body.append(frame, form)
    form.submit()
  })`
}

async function servePage(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_, reply) => {
    reply.setHeader('content-type', 'text/html')
    reply.end('<!doctype html><title>another</title><h1>another</h1>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
