// Settings of one listener: those of the broker behind the prefix `listener.name.<name in small letters>.`. Of these
// the bounds on connections act here, beside the broker's own; the lesser counts. Source: ListenerName,
// DynamicBrokerConfig.brokerConfigSynonyms.

import { brokerConfigRow } from './broker-configs.ts'
import type { ConfigRow } from './config-row.ts'
import { replicationQuotaRow } from './replication-quotas.ts'

const OF_LISTENER = /^listener\.name\.[^.]+\.(.+)$/

const LISTENER_BOUNDS = ['max.connections', 'max.connection.creation.rate'] as const
export type ListenerBound = (typeof LISTENER_BOUNDS)[number]

export function actsOfListener(name: string): boolean {
  const base = baseOfListener(name)
  return LISTENER_BOUNDS.some((bound) => bound === base)
}

/** The name without the prefix; null: it has none. */
export function baseOfListener(name: string): string | null {
  return OF_LISTENER.exec(name)?.[1] ?? null
}

/** As `brokerConfigRow`, with what may be set only while the broker runs, and what is set of one listener. */
export function dynamicConfigRow(name: string): ConfigRow | undefined {
  return brokerConfigRow(name) ?? replicationQuotaRow(name) ?? brokerConfigRow(baseOfListener(name) ?? '')
}

/** The listener that clients use. */
export function clientListener(listeners: string, controllerListeners: string): string {
  const controllers = controllerListeners.toLowerCase().split(',')
  const names = listeners.split(',').map((text) => (text.split('://')[0] ?? '').trim().toLowerCase())
  return names.find((name) => !controllers.some((controller) => controller.trim() === name)) ?? ''
}
