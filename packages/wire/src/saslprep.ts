// SASLprep (RFC 4013) as pg_saslprep in common/saslprep.c uses it: a password that cannot be prepared is used as it is.

/** RFC 3454 table C.1.2: spaces that become an ASCII space. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu
/** RFC 3454 table B.1: commonly mapped to nothing. Built from code points, because some of them join when written out. */
const NOTHING = new RegExp(
  `[${['00ad', '034f', '1806', '180b-\\u180d', '200c-\\u200d', '2060', 'fe00-\\ufe0f', 'feff'].map((each) => `\\u${each}`).join('')}]`,
  'gu',
)
/** RFC 3454 tables C.2 to C.9: control, private use, non-character, surrogate and formatting code points. */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\ufffd\u{1d173}-\u{1d17a}\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e\u{e0001}\u{e0020}-\u{e007f}]/u
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u
const LETTER = /\p{L}/gu

/** The bytes of a password that SCRAM derives its keys from. */
export function preparedPassword(password: string): Buffer {
  const raw = Buffer.from(password, 'utf8')
  if (raw.every((byte) => byte >= 0x20 && byte < 0x7f)) return raw
  const prepared = password.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  const usable = prepared !== '' && !PROHIBITED.test(prepared) && isOneDirection(prepared)
  return usable ? Buffer.from(prepared, 'utf8') : raw
}

/** RFC 3454 section 6: right-to-left text has no left-to-right letters and begins and ends right-to-left. */
function isOneDirection(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true
  const letters = text.match(LETTER) ?? []
  return (
    letters.every((each) => RIGHT_TO_LEFT.test(each)) &&
    RIGHT_TO_LEFT.test(text.slice(0, 1)) &&
    RIGHT_TO_LEFT.test(text.slice(-1))
  )
}
