// Talking to a workspace of this machine as its owner, whose token lies in its data directory, whatever else is configured.
import type { Client } from '@lakelet/api'
import type { Terminal } from '../command/terminal.ts'
import { clientFor } from './connect.ts'
import { type LocalWorkspace, ownerProfile } from './local-workspace.ts'
import { type TokenSource, tokenSourceOf } from './token-source.ts'

type Local = Pick<LocalWorkspace, 'host' | 'configFile'>

export async function ownersTokens(terminal: Terminal, local: Local): Promise<TokenSource> {
  const values = await ownerProfile(local)
  return tokenSourceOf({ host: local.host, values, profile: undefined, source: local.configFile }, terminal)
}

export async function ownersClient(terminal: Terminal, local: Local): Promise<Client> {
  return clientFor(local.host, await ownersTokens(terminal, local), terminal)
}
