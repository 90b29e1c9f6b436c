// Uids of branches and endpoints: words that a person can read out, and enough chance to be unique for good.
import { randomInt } from 'node:crypto'
import { randomHex } from '../../base/ids.ts'

const ADJECTIVES =
  'amber brave bright calm clever cool crisp damp dawn deep dry early fancy fresh gentle green holy icy jolly late little lucky misty nimble noble odd patient plain polished proud quiet rapid red restless rough round royal shiny silent small snowy soft solitary spring still summer sweet twilight wandering wild winter'.split(
    ' ',
  )
const NOUNS =
  'bird block boat bonus breeze brook bush butterfly cake cell cherry cloud credit darkness dawn dew dream dust feather field fire firefly flower fog forest frog glade grass hall haze heart hill king lab lake leaf limit math meadow mode moon morning mountain mouse mud night paper pine poetry pond queen rain recipe resonance rice river salad scene sea shadow shape silence sky smoke snow sound star sun surf term thunder tooth tree truth union unit violet voice water waterfall wave wildflower wind wood'.split(
    ' ',
  )

/** Such as `br-quiet-river-1f0c9a4e`. */
export function newUid(prefix: 'br' | 'ep' | 'sn'): string {
  const pick = (words: readonly string[]) => words[randomInt(words.length)] ?? 'plain'
  return `${prefix}-${pick(ADJECTIVES)}-${pick(NOUNS)}-${randomHex(4)}`
}
