// Python apps as they are written for the platform: what its image has installed is imported without being named, projects are
// described by pyproject.toml, and the servers are those that people use. Everything comes from PyPI; visitors come through sign-in.
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type AppsApi, startAppsApi, visit } from './apps-api.ts'
import { isSoak } from '../../../../tests/hostile/duration.ts'
import { pythonWith, whyNoPython } from '../../../../tests/clients/python.ts'
import { RegistryUnreachable } from '../../../../tests/clients/registry.ts'
import { sharedDirectory } from '../../../../tests/guards/shared-directory.ts'

let api: AppsApi
let reasonToSkip: string | undefined

beforeAll(async () => {
  reasonToSkip = await whyNoPython()
  if (reasonToSkip !== undefined) return
  try {
    // Whether the index is there shows before an app needs it.
    await pythonWith(['six==1.16.0'])
  } catch (error) {
    if (!(error instanceof RegistryUnreachable)) throw error
    reasonToSkip = error.message
    return
  }
  process.env['XDG_CACHE_HOME'] = path.join(sharedDirectory, 'cache')
  api = await startAppsApi()
}, 300_000)

beforeEach((context) => {
  if (reasonToSkip !== undefined) context.skip(reasonToSkip)
})

afterAll(() => api?.[Symbol.asyncDispose]())

const session = { cookie: 'lakelet_session=ann' }

/** Deploys an app of these files; gives its URL and what its build wrote. */
async function run(name: string, files: Readonly<Record<string, string>>) {
  const { status, body } = await api.call('POST', '/api/2.0/apps', { name })
  if (status !== 200) throw new Error(body.message)
  await api.upload(`/Shared/${name}`, files)
  const deployment = await api.deploy(name, { source_code_path: `/Workspace/Shared/${name}` })
  if (deployment.status.state !== 'SUCCEEDED') throw new Error(deployment.status.message)
  const id = deployment.deployment_id
  const { body: built } = await api.call('GET', `/api/2.0/lakelet/apps/${name}/deployments/${id}/log`)
  return { url: body.url, log: built.log }
}

const FLASK = `
import os
from flask import Flask, request
app = Flask(__name__)
@app.get('/')
def hello():
    return 'Flask for ' + request.headers['X-Forwarded-Email']
if __name__ == '__main__':
    app.run(port=int(os.environ['DATABRICKS_APP_PORT']))
`

const FASTAPI = `
from fastapi import FastAPI, WebSocket
app = FastAPI()
@app.get('/')
def hello():
    return {'framework': 'FastAPI'}
@app.websocket('/echo')
async def echo(socket: WebSocket):
    await socket.accept()
    await socket.send_text('echo ' + await socket.receive_text())
`

describe('an app without requirements.txt', () => {
  it('in Flask runs from its app.py alone, at the versions of the platform', async () => {
    const { url, log } = await run('flask-alone', { 'app.py': FLASK })
    expect(await visit(url, { headers: session })).toMatchObject({ status: 200, text: 'Flask for ann' })
    expect(log).toContain('without naming them: flask')
    expect((await visit(url, { headers: { accept: 'text/html' } })).status).toBe(302)
  })

  it('under gunicorn listens where PORT says', async () => {
    const { url } = await run('gunicorn-alone', {
      'app.py': FLASK,
      'app.yaml': 'command: [gunicorn, app:app]',
    })
    expect((await visit(url, { headers: session })).text).toBe('Flask for ann')
  })

  it('in FastAPI under uvicorn has WebSockets', async () => {
    const command = `command: ['sh', '-c', 'uvicorn app:app --port $DATABRICKS_APP_PORT']`
    const { url } = await run('fastapi-alone', { 'app.py': FASTAPI, 'app.yaml': command })
    expect((await visit(url, { headers: session })).text).toBe('{"framework":"FastAPI"}')
    const socket = new WebSocket(`${url.replace('http', 'ws')}/echo`, {
      headers: { ...session, origin: url },
    })
    const answer = await new Promise((resolve, reject) => {
      socket.once('open', () => {
        socket.send('hello')
      })
      socket.once('message', (data: Buffer) => {
        resolve(data.toString())
      })
      socket.once('error', reject)
    })
    socket.terminate()
    expect(answer).toBe('echo hello')
  })

  it('that needs nothing is given nothing', async () => {
    const server = `
import http.server, os
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(os.environ['PORT']), bind='127.0.0.1')
`
    const { log } = await run('plain', { 'app.py': server })
    expect(log).not.toContain('of the platform')
  })
})

it('requirements.txt lies above what the platform has', async () => {
  const version = `
import importlib.metadata
from flask import Flask
app = Flask(__name__)
@app.get('/')
def versions():
    return ' '.join(f'{each} {importlib.metadata.version(each)}' for each in ('flask', 'werkzeug', 'six'))
`
  const { url } = await run('above', {
    'app.py': version,
    'requirements.txt': 'six==1.17.0\nwerkzeug==3.0.4\n',
    'app.yaml': 'command: gunicorn app:app',
  })
  expect((await visit(url, { headers: session })).text).toBe('flask 3.0.3 werkzeug 3.0.4 six 1.17.0')
})

const project = `[project]
name = "my-app"
version = "1.0.0"
requires-python = ">=3.9"
dependencies = ["six==1.17.0"]
`
const six = `
import os, six
from flask import Flask
app = Flask(__name__)
@app.get('/')
def version():
    return 'six ' + six.__version__
app.run(port=int(os.environ['DATABRICKS_APP_PORT']))
`

describe('a project', () => {
  it('is described by pyproject.toml alone', async () => {
    const { url, log } = await run('pyproject', { 'app.py': six, 'pyproject.toml': project })
    expect((await visit(url, { headers: session })).text).toBe('six 1.17.0')
    expect(log).toContain('those of pyproject.toml')
  })

  it('is installed as uv.lock says', async () => {
    const lock = `version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "my-app"
version = "1.0.0"
source = { virtual = "." }
dependencies = [{ name = "six" }]

[package.metadata]
requires-dist = [{ name = "six", specifier = "==1.17.0" }]

[[package]]
name = "six"
version = "1.17.0"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/packages/94/e7/b2c673351809dca68a0e064b6af791aa332cf192da575fd474ed7d6f16a2/six-1.17.0.tar.gz", hash = "sha256:ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81", size = 34031 }
wheels = [
    { url = "https://files.pythonhosted.org/packages/b7/ce/149a00dd41f10bc29e5921b496af8b574d8413afcd5e30dfa0ed46c2cc5e/six-1.17.0-py2.py3-none-any.whl", hash = "sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274", size = 11050 },
]
`
    const { url, log } = await run('locked', { 'app.py': six, 'pyproject.toml': project, 'uv.lock': lock })
    expect((await visit(url, { headers: session })).text).toBe('six 1.17.0')
    expect(log).toContain('those of uv.lock')
  })
})

// Hundreds of megabytes each.
describe.skipIf(!isSoak)('a framework with a server of its own, which takes npm run soak', () => {
  it('Streamlit', async () => {
    const page = `
import streamlit as st
st.title('Streamlit is here')
`
    const { url } = await run('streamlit', {
      'app.py': page,
      'app.yaml': 'command: [streamlit, run, app.py]',
    })
    expect((await visit(url, { headers: session })).text).toContain('<title>Streamlit</title>')
    const socket = new WebSocket(`${url.replace('http', 'ws')}/_stcore/stream`, ['streamlit'], {
      headers: { ...session, origin: url },
    })
    const received: Buffer[] = []
    await new Promise<void>((resolve, reject) => {
      // BackMsg.rerun_script = ClientState {}: field 11, empty.
      socket.once('open', () => {
        socket.send(Buffer.from([0x5a, 0x00]))
      })
      socket.on('message', (data: Buffer) => {
        received.push(data)
        if (Buffer.concat(received).includes('Streamlit is here')) resolve()
      })
      socket.once('error', reject)
    })
    socket.terminate()
  }, 600_000)

  it('Gradio', async () => {
    const page = `
import gradio as gr
gr.Interface(lambda name: 'Hello ' + name, 'text', 'text', api_name='greet').launch()
`
    const { url } = await run('gradio', { 'app.py': page })
    expect((await visit(url, { headers: session })).text).toContain('gradio')
    const called = await visit(`${url}/call/greet`, {
      method: 'POST',
      headers: { ...session, 'content-type': 'application/json' },
      body: JSON.stringify({ data: ['Ann'] }),
    })
    const { event_id: event } = JSON.parse(called.text) as { event_id: string }
    expect((await visit(`${url}/call/greet/${event}`, { headers: session })).text).toContain('Hello Ann')
  }, 600_000)

  it('Dash', async () => {
    const page = `
import os
from dash import Dash, html
import plotly.express as px
app = Dash(__name__)
app.layout = html.H1('Dash is here')
app.run(port=int(os.environ['PORT']))
`
    const { url } = await run('dash', { 'app.py': page })
    expect((await visit(`${url}/_dash-layout`, { headers: session })).text).toContain('Dash is here')
  }, 600_000)
})
