import type { AppTemplate } from '@lakelet/api'
import { t } from '../../text/index.ts'

/** `flask-hello-world` as people say it: `Flask Hello World`. */
function titleOf(template: string): string {
  return template
    .split('-')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join(' ')
}

export function TemplateChoice({ templates }: { readonly templates: readonly AppTemplate[] }) {
  const choices = [
    ...templates.map(({ name, description }) => ({
      value: name,
      title: <bdi>{titleOf(name)}</bdi>,
      text: t.apps.templates[name] ?? description,
    })),
    { value: '', title: t.apps.noTemplate, text: '' },
  ]
  return (
    <fieldset className="mb-4">
      <legend className="mb-1 font-semibold">{t.apps.template}</legend>
      <div className="panel divide-y divide-line">
        {choices.map(({ value, title, text }) => (
          <label key={value} className="flex cursor-pointer items-start gap-3 px-4 py-3 has-checked:bg-tint">
            <input
              type="radio"
              name="template"
              value={value}
              defaultChecked={value === 'flask-hello-world'}
              className="mt-1 accent-(--accent)"
            />
            <span>
              <span className="block font-semibold">{title}</span>
              {text && <span className="text-dim">{text}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
