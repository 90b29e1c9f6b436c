// How long a hostile test goes on: a moment in `npm test`, as long as it takes in `npm run soak`.

export const isSoak = process.env['SOAK'] === '1'

/** `short` in `npm test`, `long` in `npm run soak`: seconds, rounds, bytes. */
export function scaled(short: number, long: number): number {
  return isSoak ? long : short
}
