// The computes of an endpoint of high availability: its primary, which has the uid of the endpoint, and secondaries, whose uids follow from it.

/** The primary and up to three secondaries, as the service has it. */
export const LARGEST_GROUP = 4

const SECONDARY = /^(.+)-s([1-3])$/

/** Uids of the secondaries of a group of `size` computes. */
export function secondariesOf(endpointUid: string, size: number): string[] {
  return Array.from({ length: Math.max(0, size - 1) }, (_, at) => `${endpointUid}-s${at + 1}`)
}

/** The endpoint whose secondary has this uid, and which one it is, from 1; undefined for all other uids. */
export function secondaryOf(
  uid: string,
): { readonly endpointUid: string; readonly number: number } | undefined {
  const [, endpointUid, number] = SECONDARY.exec(uid) ?? []
  return endpointUid === undefined ? undefined : { endpointUid, number: Number(number) }
}

/** What a client calls the readable secondaries of an endpoint: `ep-…-ro`. */
export function readersName(endpointUid: string): string {
  return `${endpointUid}-ro`
}
