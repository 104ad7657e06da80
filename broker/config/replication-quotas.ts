// Rates at which replicas are copied: settings that a broker is given while it runs, and that no file of properties
// has. Source: QuotaConfig.brokerQuotaConfigs.

import { type ConfigRow, type ConfigTable, long, UNLIMITED } from './config-row.ts'

const rate = (doc?: string) => long(UNLIMITED, { min: 0, dynamic: 'broker', ...(doc === undefined ? {} : { doc }) })

export const MOVE_RATE = 'replica.alter.log.dirs.io.max.bytes.per.second'

const replicationQuotas: ConfigTable = {
  'leader.replication.throttled.rate': rate(),
  'follower.replication.throttled.rate': rate(),
  [MOVE_RATE]: rate('Bytes of a second that all moves between log directories copy together.'),
}

export function replicationQuotaRow(name: string): ConfigRow | undefined {
  return Object.hasOwn(replicationQuotas, name) ? replicationQuotas[name] : undefined
}
