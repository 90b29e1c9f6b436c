// What becomes of idle sessions when a compute sleeps: shown, and chosen in the dialog of the compute.
import type { EndpointParkingInput } from '@lakelet/api'
import { call } from '../../api/call.ts'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { SelectField, textOf } from '../../ui/form.tsx'

interface ParkingProps {
  readonly params: { readonly project: string; readonly branch: string; readonly endpoint: string }
}

/** A term and its description, for a list of them. */
export function ParkingDetail({ params }: ParkingProps) {
  const { data } = useRead('lakelet.getEndpointParking', { params })
  if (!data) return null
  return (
    <>
      <dt className="text-dim">{t.activity.parking.title}</dt>
      <dd>{t.activity.parking.choices[data.sessions]}</dd>
    </>
  )
}

/** A field of a form that `saveParking` saves. */
export function ParkingField({ params }: ParkingProps) {
  const { title, choices, asConfigured } = t.activity.parking
  const { data } = useRead('lakelet.getEndpointParking', { params })
  if (!data) return null
  const chosen = data.is_default ? 'default' : data.sessions
  return (
    <>
      <input type="hidden" name="parking-before" value={chosen} />
      <SelectField
        name="parking"
        label={title}
        defaultValue={chosen}
        options={[
          ['default', asConfigured(choices[data.default_sessions])],
          ['on', choices.on],
          ['off', choices.off],
        ]}
      />
    </>
  )
}

export async function saveParking(params: ParkingProps['params'], values: FormData): Promise<void> {
  const sessions = textOf(values, 'parking')
  if (sessions === textOf(values, 'parking-before')) return
  const body = { sessions: sessions as EndpointParkingInput['sessions'] }
  await call('lakelet.setEndpointParking', { params, body })
}
