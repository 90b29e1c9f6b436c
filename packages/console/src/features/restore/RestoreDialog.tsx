// Brings a moment of the past back: as a new branch, or in place of what the branch is now.
import type { Operation } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { AsCall } from '../../shell/Call.tsx'
import { formatTime } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { FormDialog, RadioField, TextField, textOf } from '../../ui/form.tsx'
import { Notice } from '../../ui/page.tsx'
import { say } from '../../ui/toast.tsx'
import { Expiry } from '../branches/Expiry.tsx'
import type { Moment } from '../past/moment.ts'
import type { BranchParams } from '../past/use-past.ts'

/** What is brought back: a moment of the branch's own past, or what a snapshot keeps. */
export type Wanted = Moment | { readonly snapshot: string }

/** What came of a restore. */
export interface Restored {
  readonly isInPlace: boolean
  /** The branch that was made: it holds the past, or what was there until now. */
  readonly branch: string
}

export function RestoreDialog({
  params,
  wanted,
  onClose,
  onRestored,
}: {
  readonly params: BranchParams
  readonly wanted: Wanted
  readonly onClose: () => void
  readonly onRestored: (restored: Restored) => void
}) {
  const [isInPlace, setInPlace] = useState(false)
  const [progress, setProgress] = useState<string>()
  const asked = (values: FormData) => {
    const branch = textOf(values, 'name')
    const ttl = textOf(values, 'ttl')
    const body = {
      ...wanted,
      ...(branch === '' ? {} : { branch_id: branch }),
      ...(isInPlace ? { in_place: true } : ttl === '' ? {} : { ttl }),
    }
    return { params, body }
  }
  const restore = async (values: FormData) => {
    const input = asked(values)
    const branch = input.body.branch_id ?? madeUpName(params.branch, isInPlace ? 'old' : 'at')
    const body = { ...input.body, branch_id: branch }
    const started: Operation = await call('lakelet.restoreBranch', { params, body })
    await finished(started, (said) => setProgress(t.restore.progress[said] ?? said))
    say(isInPlace ? t.restore.restored(params.branch) : t.restore.made(branch))
    onRestored({ isInPlace, branch })
  }
  return (
    <FormDialog
      title={`${t.restore.into}: ${params.branch}`}
      description={<WantedText wanted={wanted} />}
      submit={t.restore.confirm}
      isDanger={isInPlace}
      onClose={onClose}
      onSubmit={restore}
      footnote={(values) => <AsCall id="lakelet.restoreBranch" input={asked(values)} />}
    >
      <Way isInPlace={isInPlace} onChange={setInPlace} />
      {isInPlace && <Lost params={params} />}
      <TextField
        key={String(isInPlace)}
        name="name"
        label={isInPlace ? t.restore.backupName : t.restore.newName}
        hint={t.restore.nameHint}
      />
      {!isInPlace && <Expiry />}
      <p role="status">{progress}</p>
    </FormDialog>
  )
}

function Way({
  isInPlace,
  onChange,
}: {
  readonly isInPlace: boolean
  readonly onChange: (isInPlace: boolean) => void
}) {
  return (
    <RadioField
      legend={t.restore.into}
      value={isInPlace ? 'in-place' : 'new'}
      onChange={(value) => onChange(value === 'in-place')}
      options={[
        ['new', t.restore.intoNew, t.restore.intoNewHint],
        ['in-place', t.restore.inPlace, t.restore.inPlaceHint],
      ]}
    />
  )
}

/** What is no longer there afterwards, and who is cut off. */
function Lost({ params }: { readonly params: BranchParams }) {
  const endpoint = { ...params, endpoint: 'primary' }
  const { data } = useRead('lakelet.listEndpointSessions', { params: endpoint })
  return (
    <div className="mb-4">
      <Notice tone="warning">
        <p>{t.restore.lost(params.branch)}</p>
        {data && <p className="mt-1">{t.restore.sessions(data.sessions.length)}</p>}
      </Notice>
    </div>
  )
}

function WantedText({ wanted }: { readonly wanted: Wanted }) {
  if ('snapshot' in wanted) {
    return (
      <>
        {t.restore.marks.snapshot}: <bdi>{wanted.snapshot}</bdi>
      </>
    )
  }
  return (
    <>
      {t.restore.moment}: {'time' in wanted ? <Exact time={wanted.time} /> : <code>{wanted.lsn}</code>}
    </>
  )
}

function Exact({ time }: { readonly time: string }) {
  return (
    <time dateTime={time} title={time}>
      {formatTime(time)} (<code>{time}</code>)
    </time>
  )
}

const LONGEST_ID = 63

/** `production-at-20260131t120000z`, as the API makes up names: this page tells it before. */
function madeUpName(branch: string, word: 'old' | 'at'): string {
  const now = new Date().toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '').toLowerCase()
  const suffix = `-${word}-${now}`
  return `${branch.slice(0, LONGEST_ID - suffix.length)}${suffix}`
}
