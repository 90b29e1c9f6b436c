// What a text of SQL may leave behind in its session, as far as its words tell. What they cannot tell (a function that a trigger calls) never
// reaches another client either, since a backend that goes from one client to another is made anew (session-state.ts); here it is decided only
// after which transactions to look.

export interface TextFacts {
  /** It says itself that it changes its session. */
  readonly mayLeave: boolean
  /** Functions, and other names in front of a parenthesis, that may do anything. */
  readonly calls: readonly string[]
  /** Settings with a dot in their names: nobody can ask the server for those that it does not know. */
  readonly customSettings: readonly string[]
  /** It sets a setting whose name is only known when it runs. */
  readonly isOpaque: boolean
  /** It may take back what keeps a session on its backend. */
  readonly mayFree: boolean
  /** It may drop prepared statements: DISCARD or DEALLOCATE. */
  readonly drops: boolean
  /** More than a reading statement without calls: code of someone's own (a function, a trigger) may PREPARE what nobody else must find. */
  readonly mayPrepare: boolean
}

/** A longer text is judged by its beginning, and as one that may leave anything. */
export const LONGEST_JUDGED = 64 * 1024
const MOST_NAMES = 50

const LEAVING =
  /(?:^|;)\s*(?:set\s+(?!local\b|constraints\b|transaction\b)|reset\b|discard\b|listen\b|unlisten\b|prepare\s+(?!transaction\b)|deallocate\b|execute\b|do\b|call\b|load\b)|\bpg_temp|\b(?:create|into|or\s+replace)\s+(?:(?:local|global)\s+)?temp(?:orary)?\b|\bdeclare\b[^;]*\bwith\s+hold\b|\bpg_(?:try_)?advisory_(?!xact)|\bsetseed\b|\bset_config\b/i
const READING =
  /^\s*(?:select|table|values|fetch|show|begin|start|commit|end|rollback|savepoint|release)\b(?![^]*\b(?:insert|update|delete|merge|into)\b)[^;]*;?\s*$/i
/** Everything a call can hide in is a parenthesis. */
const CALLS = /([a-z_\u0080-\u00ff][\w$\u0080-\u00ff]*|")\s*\(/gi
const CUSTOM = /\b([a-z_]\w*\.[a-z_][\w.]*)/gi
const SET_CONFIG = /set_config/gi
const LOCAL_SET_CONFIG = /set_config\s*\([^();]*,\s*true\s*\)/gi
const NAMED_SET_CONFIG = /set_config\s*\(\s*'[^'$]+'\s*,/gi
const COMMENTS = /--[^\n]*|\/\*[\s\S]*?\*\//g

/** Words that stand in front of parentheses, and functions that leave nothing. */
const HARMLESS = new Set(
  `abs all and any array as asc between by case cast ceil char check coalesce count current_date current_timestamp current_setting
   date_part date_trunc decimal distinct else except exists extract filter float floor for format from gen_random_uuid generate_series
   greatest group having in insert integer intersect interval into is join json_agg jsonb_agg json_build_object jsonb_build_object key
   lateral least left length like limit lower ltrim max md5 min mod not now null nullif numeric offset on or order over overlaps
   partition pg_backend_pid pg_sleep pow power primary random references replace returning round row row_number rtrim select set some
   string_agg substr substring sum then timestamp to_char to_date to_json to_jsonb to_timestamp trim trunc unique union unnest upper
   using values varchar version when where window with`.split(/\s+/),
)
const NOTHING: TextFacts = {
  mayLeave: false,
  calls: [],
  customSettings: [],
  isOpaque: false,
  mayFree: false,
  drops: false,
  mayPrepare: false,
}
const WRITING: TextFacts = { ...NOTHING, mayPrepare: true }
const ANYTHING: TextFacts = { ...WRITING, mayLeave: true, mayFree: true, drops: true }
const FREEING_ONLY: TextFacts = { ...WRITING, mayFree: true }
const FREEING = /\b(?:drop|close|discard|deallocate|unlisten|reset)\b|unlock/i

/** Judges a text, one character a byte; `isWhole` is false where only its beginning is given. */
export function textFacts(text: string, isWhole = true): TextFacts {
  if (!isWhole) return ANYTHING
  const hasComment = text.includes('--') || text.includes('/*')
  // What looks like a comment may stand in a string: both readings count.
  const bare = hasComment ? text.replace(COMMENTS, ' ') : text
  const mayLeave = LEAVING.test(text) || (hasComment && LEAVING.test(bare))
  const mayFree = FREEING.test(text)
  const isReading = READING.test(text)
  if (!mayLeave && !text.includes('(')) return mayFree ? FREEING_ONLY : isReading ? NOTHING : WRITING
  const calls = unknownCalls(text)
  const isSetting = SET_CONFIG.test(text)
  SET_CONFIG.lastIndex = 0
  const setsForSession =
    isSetting && countOf(text, SET_CONFIG) > countOf(text, LOCAL_SET_CONFIG) && countOf(text, SET_CONFIG) > 0
  return {
    mayLeave: mayLeave && (!isSetting || setsForSession || LEAVING.test(bare.replace(SET_CONFIG, ''))),
    calls,
    customSettings: mayLeave ? customNames(text) : [],
    isOpaque: setsForSession && countOf(text, SET_CONFIG) > countOf(text, NAMED_SET_CONFIG),
    mayFree,
    drops: mayLeave && /discard|deallocate/i.test(text),
    mayPrepare: mayLeave || calls.length > 0 || !isReading,
  }
}

function unknownCalls(text: string): string[] {
  const names = new Set<string>()
  for (const [, name = ''] of text.matchAll(CALLS)) {
    const lower = name.toLowerCase()
    if (!HARMLESS.has(lower)) names.add(lower === '"' ? text.slice(0, 200) : lower)
    if (names.size >= MOST_NAMES) break
  }
  names.delete('set_config')
  return [...names]
}

function customNames(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(CUSTOM), ([, name = '']) => name.toLowerCase()))].slice(
    0,
    MOST_NAMES,
  )
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
