/** What users, groups and service principals have in common. */
export interface Identity {
  readonly id: string
  readonly displayName: string
  readonly active?: boolean | undefined
  readonly members?: readonly { readonly value: string; readonly display?: string | undefined }[] | undefined
}

export type Kind = 'User' | 'Group' | 'ServicePrincipal'
