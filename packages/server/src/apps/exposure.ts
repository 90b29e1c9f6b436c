// Words about apps that other machines may reach past their sign-in.

/** What a person should know where servers of apps are not held to loopback by the system. */
export const NOT_HELD_TO_LOOPBACK =
  'On this host, an app that listens on 0.0.0.0 in its code is reachable from other machines without signing in; its log says when it does.'

/** The line of an app's log when it listens beyond loopback on `ports`. */
export function exposureLine(ports: readonly number[]): string {
  return `The app listens on all interfaces (port ${ports.join(', ')}): other machines may reach it there without signing in. Let it listen on 127.0.0.1.`
}
