import type { Endpoint } from '@lakelet/api'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { formatDuration } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { CheckField, FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { ParkingField, saveParking } from './Parking.tsx'

export function EditCompute({
  endpoint,
  params,
  onClose,
}: {
  readonly endpoint: Endpoint
  readonly params: { readonly project: string; readonly branch: string; readonly endpoint: string }
  readonly onClose: () => void
}) {
  const { status } = endpoint
  const isReplica = status.endpoint_type === 'ENDPOINT_TYPE_READ_ONLY'
  const save = async (values: FormData) => {
    const timeout = textOf(values, 'timeout')
    const spec = {
      autoscaling_limit_min_cu: Number(textOf(values, 'min')),
      autoscaling_limit_max_cu: Number(textOf(values, 'max')),
      ...(timeout === '' ? { no_suspension: true } : { suspend_timeout_duration: timeout }),
      ...(isReplica ? {} : { group: groupOf(values) }),
    }
    const update_mask = `spec.autoscaling_limit_min_cu,spec.autoscaling_limit_max_cu,spec.suspension${isReplica ? '' : ',spec.group'}`
    await finished(await call('postgres.updateEndpoint', { params, query: { update_mask }, body: { spec } }))
    await saveParking(params, values)
    say(t.common.saved)
    onClose()
  }
  return (
    <FormDialog title={t.computes.edit} submit={t.common.save} onClose={onClose} onSubmit={save}>
      <div className="grid grid-cols-2 gap-4">
        <TextField
          name="min"
          type="number"
          min="0.5"
          step="0.5"
          label={t.computes.min}
          defaultValue={status.autoscaling_limit_min_cu}
        />
        <TextField
          name="max"
          type="number"
          min="0.5"
          step="0.5"
          label={t.computes.max}
          defaultValue={status.autoscaling_limit_max_cu}
        />
      </div>
      <p className="-mt-2 mb-4 text-meta text-dim">{t.computes.sizeHint}</p>
      <SelectField
        name="timeout"
        label={t.computes.timeout}
        defaultValue={status.suspend_timeout_duration ?? ''}
        options={timeouts(status.suspend_timeout_duration)}
      />
      {!isReplica && <GroupFields group={status.group} />}
      <ParkingField params={params} />
    </FormDialog>
  )
}

function groupOf(values: FormData): Endpoint['status']['group'] {
  const size = Number(textOf(values, 'computes'))
  return { min: size, max: size, enable_readable_secondaries: values.has('readers') }
}

function GroupFields({ group }: { readonly group: Endpoint['status']['group'] }) {
  const texts = t.activity.members
  return (
    <>
      <SelectField
        name="computes"
        label={texts.count}
        hint={texts.countHint}
        defaultValue={String(group.max)}
        options={[1, 2, 3, 4].map((size) => [String(size), texts.counts(size)] as const)}
      />
      <CheckField
        name="readers"
        label={texts.readers}
        defaultChecked={group.enable_readable_secondaries === true}
      />
    </>
  )
}

function timeouts(current: string | undefined): (readonly [string, string])[] {
  const { off, min5, hour, day, week } = t.computes.timeouts
  const usual = [
    ['300s', min5],
    ['3600s', hour],
    ['86400s', day],
    ['604800s', week],
    ['', off],
  ] as const
  const isUsual = current === undefined || usual.some(([value]) => value === current)
  return isUsual ? [...usual] : [[current, formatDuration(current)], ...usual]
}
