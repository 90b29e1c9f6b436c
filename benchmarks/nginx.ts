// nginx of this machine as a reverse proxy, as its documentation begins with one: a connection to the app for each request.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../packages/server/src/apps/free-port.ts'
import { untilListening } from './until-listening.ts'

/** Where this machine has it; /usr/sbin is on the path of root alone. */
const PROGRAM = ['nginx', '/usr/sbin/nginx'].find((each) => spawnSync(each, ['-v']).status === 0)

/** Starts it in front of `upstreamPort`; gives its port, or undefined where there is none on this machine. */
export async function startNginx(
  upstreamPort: number,
  stack: AsyncDisposableStack,
): Promise<number | undefined> {
  if (PROGRAM === undefined) return undefined
  const home = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-nginx-'))
  stack.defer(() => rm(home, { recursive: true, force: true }))
  const port = await freePort('127.0.0.1', 0)
  const file = path.join(home, 'nginx.conf')
  await writeFile(file, configuration(home, port, upstreamPort))
  const child = spawn(PROGRAM, ['-p', home, '-c', file, '-e', path.join(home, 'error.log')], {
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  stack.defer(async () => {
    child.kill('SIGTERM')
    await ended
  })
  await untilListening(port)
  return port
}

function configuration(home: string, port: number, upstreamPort: number): string {
  return `daemon off; worker_processes 1; pid ${home}/pid;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000;
  client_body_temp_path ${home}/body; proxy_temp_path ${home}/proxy; fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi; scgi_temp_path ${home}/scgi;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Request-Id $request_id;
    }
  }
}
`
}
