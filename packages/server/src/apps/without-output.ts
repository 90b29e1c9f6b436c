/** Why an app is down or was not deployed, without what it wrote: that is for those who may read its log. */
export function withoutOutput(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ The end of its \w+:$/, '')
}
