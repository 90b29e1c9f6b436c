// Errors in words of the chosen language.
import { t } from '../text/index.ts'
import { ApiError } from './call.ts'

export interface ErrorText {
  readonly title: string
  readonly text: string
  readonly remedy?: string
}

/** What to show of an error; the API's own message is in English and says what to do. */
export function errorText(error: unknown): ErrorText {
  // What Postgres says is data: only the frame is ours.
  if (error instanceof Error && error.name === 'PostgresError') {
    return { title: t.errors.postgres, text: error.message }
  }
  if (!(error instanceof ApiError)) {
    return { title: t.errors.unexpected, text: error instanceof Error ? error.message : String(error) }
  }
  if (error.status === 0) return { title: t.errors.unreachable, text: t.errors.unreachableText }
  if (error.status === 401) {
    return { title: t.errors.signedOut, text: t.errors.signedOutText, remedy: t.errors.signedOutRemedy }
  }
  const { title, remedy } = kindOf(error)
  return { title, text: error.message, ...(remedy === undefined ? {} : { remedy }) }
}

function kindOf({ status }: ApiError): { readonly title: string; readonly remedy?: string } {
  if (status === 403) return { title: t.errors.forbidden, remedy: t.errors.forbiddenRemedy }
  if (status === 404) return { title: t.errors.notFound }
  if (status === 409) return { title: t.errors.conflict }
  if (status === 429) return { title: t.errors.tooMany }
  return { title: status < 500 ? t.errors.refused : t.errors.failed }
}
