import { t } from '../../text/index.ts'
import { Notice } from '../../ui/page.tsx'

/** What a form is about to do, line by line. */
export function WhatItDoes({ lines }: { readonly lines: readonly string[] }) {
  return (
    <Notice>
      <p className="font-semibold">{t.app.does}</p>
      <ul className="list-disc pl-5">
        {lines.map((line) => (
          <li key={line} className="[overflow-wrap:anywhere]">
            {line}
          </li>
        ))}
      </ul>
    </Notice>
  )
}
