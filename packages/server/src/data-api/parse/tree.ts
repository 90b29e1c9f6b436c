// What a request asks for, before it is held against the schema.

export interface JsonStep {
  /** `->>`: as text. */
  readonly asText: boolean
  readonly key: string | number
}

export interface Field {
  readonly name: string
  readonly path: readonly JsonStep[]
}

export const AGGREGATES = ['sum', 'avg', 'count', 'max', 'min'] as const
export type Aggregate = (typeof AGGREGATES)[number]

export interface SelectField {
  readonly kind: 'field'
  readonly field: Field
  readonly alias: string | undefined
  readonly cast: string | undefined
  readonly aggregate: { readonly name: Aggregate; readonly cast: string | undefined } | undefined
}

export interface SelectEmbed {
  readonly kind: 'embed'
  readonly name: string
  readonly alias: string | undefined
  readonly hint: string | undefined
  readonly join: 'inner' | 'left'
  readonly isSpread: boolean
  readonly items: readonly SelectItem[]
}

export type SelectItem = SelectField | SelectEmbed | { readonly kind: 'star' }

export type Comparison =
  | {
      readonly kind: 'simple'
      readonly operator: string
      readonly value: string
      readonly quantifier?: 'any' | 'all'
    }
  | { readonly kind: 'in'; readonly values: readonly string[] }
  | { readonly kind: 'is'; readonly value: string }
  | { readonly kind: 'fts'; readonly operator: string; readonly language?: string; readonly value: string }

export interface Filter {
  readonly kind: 'filter'
  readonly field: Field
  readonly isNegated: boolean
  readonly comparison: Comparison
}

export interface Logic {
  readonly kind: 'and' | 'or'
  readonly isNegated: boolean
  readonly children: readonly Condition[]
}

export type Condition = Filter | Logic

export interface OrderTerm {
  /** An embedded to-one resource that the field is of. */
  readonly relation: string | undefined
  readonly field: Field
  readonly direction: 'asc' | 'desc' | undefined
  readonly nulls: 'first' | 'last' | undefined
}

/** All that is said of one place, the root or an embedded resource named by its path. */
export interface PlaceQuery {
  readonly conditions: Condition[]
  order: readonly OrderTerm[]
  offset: number
  limit: number | undefined
}
