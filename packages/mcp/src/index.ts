// The workspace for agents, over the Model Context Protocol. Loading this takes a while and some memory: whoever needs it imports it when it is asked for.
export { Confirmations } from './confirmations.ts'
export { createHttpHandler, type HttpHandler } from './http.ts'
export { type McpOptions, TOOLSETS, type Toolset } from './options.ts'
export { serveOnStdio } from './stdio.ts'
