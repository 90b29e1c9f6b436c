// Fields of forms, and the form dialog that locks while its change is on the way.
import {
  type ComponentProps,
  type ReactNode,
  type SubmitEvent,
  useCallback,
  useId,
  useRef,
  useState,
} from 'react'
import { t } from '../text/index.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorPanel } from './error-panel.tsx'

interface FieldProps {
  readonly label: string
  readonly hint?: ReactNode
  readonly error?: string | undefined
}

function Framed({
  label,
  hint,
  error,
  children,
}: FieldProps & { readonly children: (id: string, described: string | undefined) => ReactNode }) {
  const id = useId()
  const described = hint || error ? `${id}-hint` : undefined
  return (
    <div className="mb-4">
      <label htmlFor={id} className="mb-1 block font-semibold">
        {label}
      </label>
      {children(id, described)}
      {described && (
        <p id={described} className={`mt-1 text-meta ${error ? 'text-danger' : 'text-dim'}`}>
          {error ?? hint}
        </p>
      )}
    </div>
  )
}

export function TextField({ label, hint, error, ...rest }: FieldProps & ComponentProps<'input'>) {
  return (
    <Framed label={label} hint={hint} error={error}>
      {(id, described) => (
        <input
          autoComplete="off"
          spellCheck={false}
          {...rest}
          id={id}
          className="control"
          aria-describedby={described}
          aria-invalid={error === undefined ? undefined : true}
        />
      )}
    </Framed>
  )
}

export function SelectField({
  label,
  hint,
  error,
  options,
  ...rest
}: FieldProps &
  ComponentProps<'select'> & { readonly options: readonly (readonly [value: string, text: string])[] }) {
  return (
    <Framed label={label} hint={hint} error={error}>
      {(id, described) => (
        <select {...rest} id={id} className="control" aria-describedby={described}>
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Framed>
  )
}

export function CheckField({ label, hint, ...rest }: FieldProps & ComponentProps<'input'>) {
  const id = useId()
  return (
    <div className="mb-4 flex items-start gap-2">
      <input
        {...rest}
        id={id}
        type="checkbox"
        className="mt-0.5 size-4 accent-(--accent)"
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <p id={`${id}-hint`} className="text-meta text-dim">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}

/** One choice of a few, each with what it means. */
export function RadioField<V extends string>({
  legend,
  options,
  value,
  onChange,
}: {
  readonly legend: string
  readonly options: readonly (readonly [value: V, text: string, hint?: string])[]
  readonly value: V
  readonly onChange: (value: V) => void
}) {
  const name = useId()
  return (
    <fieldset className="mb-4">
      <legend className="mb-1 font-semibold">{legend}</legend>
      <div className="flex flex-wrap gap-x-6 gap-y-2">
        {options.map(([each, text, hint]) => (
          <div key={each} className={`flex items-start gap-2 ${hint === undefined ? '' : 'w-full'}`}>
            <input
              type="radio"
              id={`${name}-${each}`}
              name={name}
              className="mt-0.5 size-4 accent-(--accent)"
              checked={each === value}
              aria-describedby={hint === undefined ? undefined : `${name}-${each}-hint`}
              onChange={() => onChange(each)}
            />
            <div>
              <label htmlFor={`${name}-${each}`}>{text}</label>
              {hint !== undefined && (
                <p id={`${name}-${each}-hint`} className="text-meta text-dim">
                  {hint}
                </p>
              )}
            </div>
          </div>
        ))}
      </div>
    </fieldset>
  )
}

interface FormDialogProps {
  readonly title: string
  readonly description?: ReactNode
  readonly submit: string
  readonly isDanger?: boolean
  readonly isWide?: boolean
  readonly onClose: () => void
  /** Resolves when the change is done; what it throws is shown in the form, which stays open. */
  readonly onSubmit: (values: FormData) => Promise<void>
  /** Said below the fields, of what is in them now. */
  readonly footnote?: (values: FormData) => ReactNode
  readonly children: ReactNode
}

/** A form in a dialog. It is locked, not closed, until the server has answered. */
export function FormDialog({ submit, isDanger, onSubmit, footnote, children, ...dialog }: FormDialogProps) {
  const formId = useId()
  const form = useRef<HTMLFormElement>(null)
  const [values, setValues] = useState<FormData>()
  const read = () => form.current && setValues(new FormData(form.current))
  // A dialog's content comes after the dialog itself.
  const found = useCallback((element: HTMLFormElement | null) => {
    form.current = element
    if (element) setValues(new FormData(element))
  }, [])
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const send = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isBusy) return
    setBusy(true)
    setError(undefined)
    try {
      await onSubmit(new FormData(event.target))
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      {...dialog}
      footer={
        <>
          <Button variant="quiet" onClick={dialog.onClose}>
            {t.common.cancel}
          </Button>
          <Button type="submit" form={formId} variant={isDanger ? 'danger' : 'primary'} isBusy={isBusy}>
            {isBusy ? t.common.working : submit}
          </Button>
        </>
      }
    >
      <form ref={found} id={formId} onInput={read} onSubmit={(event) => void send(event)} noValidate>
        <fieldset disabled={isBusy}>{children}</fieldset>
        {footnote && values && footnote(values)}
        {error !== undefined && <ErrorPanel error={error} />}
      </form>
    </Dialog>
  )
}

/** The text of a field, without the spaces around it. */
export function textOf(values: FormData, name: string): string {
  const value = values.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
