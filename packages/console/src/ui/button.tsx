// Buttons and links that look like buttons. A disabled one stays in the tab order and says why.
import { Link } from '@tanstack/react-router'
import type { ComponentProps, ReactNode } from 'react'
import { useId } from 'react'

type Variant = 'primary' | 'plain' | 'quiet' | 'danger'

const CLASSES: Readonly<Record<Variant, string>> = {
  primary: 'btn btn-primary',
  plain: 'btn',
  quiet: 'btn btn-quiet',
  danger: 'btn btn-danger',
}

interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  readonly variant?: Variant
  /** Why it cannot be used now; it can where absent. */
  readonly disabledReason?: string | undefined
  readonly isBusy?: boolean
}

export function Button({
  variant = 'plain',
  disabledReason,
  isBusy = false,
  className = '',
  onClick,
  ...rest
}: ButtonProps) {
  const reasonId = useId()
  const isOff = disabledReason !== undefined || isBusy
  return (
    <>
      <button
        type="button"
        {...rest}
        className={`${CLASSES[variant]} ${className}`}
        aria-disabled={isOff || undefined}
        aria-busy={isBusy || undefined}
        title={disabledReason ?? rest.title}
        aria-describedby={disabledReason === undefined ? rest['aria-describedby'] : reasonId}
        onClick={(event) => {
          if (isOff) event.preventDefault()
          else onClick?.(event)
        }}
      />
      {disabledReason !== undefined && (
        <span id={reasonId} className="sr-only">
          {disabledReason}
        </span>
      )}
    </>
  )
}

/** A link with the looks of a button. */
export function LinkButton({
  to,
  search,
  variant = 'plain',
  children,
}: {
  readonly to: string
  readonly search?: Record<string, string>
  readonly variant?: Variant
  readonly children: ReactNode
}) {
  return (
    <Link to={to} search={search ?? {}} className={CLASSES[variant]}>
      {children}
    </Link>
  )
}
