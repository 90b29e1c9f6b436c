import { channel } from 'node:diagnostics_channel'

/**
 * The same events as `connector.on`, for tools that watch from outside: subscribe to `lakelet-connect:<event>`. Messages
 * carry the endpoint's name, durations, counts and codes; never a token, a password or SQL text.
 */
export const channels = {
  refresh: channel('lakelet-connect:refresh'),
  refreshFailed: channel('lakelet-connect:refreshFailed'),
  retry: channel('lakelet-connect:retry'),
  rejected: channel('lakelet-connect:rejected'),
  woke: channel('lakelet-connect:woke'),
  connected: channel('lakelet-connect:connected'),
  connectFailed: channel('lakelet-connect:connectFailed'),
} as const
