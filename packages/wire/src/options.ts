// The `options` startup parameter: words separated by white space, a backslash makes the next character literal.
// pg_split_opts in utils/init/postinit.c.

const SPACE = /[ \t\n\v\f\r]/

/** The words of an `options` value, with escapes resolved. */
export function splitOptions(text: string): string[] {
  const words: string[] = []
  let at = 0
  while (at < text.length) {
    while (at < text.length && SPACE.test(text.charAt(at))) at++
    if (at >= text.length) break
    let word = ''
    while (at < text.length && !SPACE.test(text.charAt(at))) {
      // A backslash at the very end stands for nothing, as in the server.
      if (text.charAt(at) === '\\') at++
      word += text.charAt(at)
      at++
    }
    words.push(word)
  }
  return words
}

/** The `options` value that `splitOptions` splits into `words`. */
export function joinOptions(words: readonly string[]): string {
  return words.map((word) => word.replace(/[ \t\n\v\f\r\\]/g, '\\$&')).join(' ')
}
