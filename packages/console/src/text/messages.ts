import type { en } from './en/index.ts'

/** All texts. English is the type, so a text that is missing in another language does not compile. */
export type Messages = typeof en
