// All tables, each described in the file of its queries.
import type { SettingsTables } from './settings.ts'

export interface Tables extends SettingsTables {}
