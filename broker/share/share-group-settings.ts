// The settings of a share group: its own values over those of the server, kept as long as neither changes.

import type { BrokerConfig } from '../config/broker-config.ts'
import { type ConfigTable, configFault, parseConfig } from '../config/config-row.ts'
import { groupConfigs } from '../config/group-configs.ts'
import type { DeliverySettings } from './in-flight-records.ts'

export interface ShareGroupSettings extends DeliverySettings {
  /** Aborted transactions are not delivered, and undecided ones not yet. */
  readonly readCommitted: boolean
  /** latest, earliest or by_duration:…, for a group that has no offsets yet. */
  readonly autoOffsetReset: string
  /** Empty: there is none. */
  readonly deadLetterTopic: string
  readonly copiesDeadLetters: boolean
}

type Name = keyof typeof groupConfigs
const table: ConfigTable = groupConfigs

export function shareGroupSettings(
  config: BrokerConfig,
  own: ReadonlyMap<string, string>,
  hasDeadLetters: boolean,
): ShareGroupSettings {
  const text = (name: Name): string => {
    const value = own.get(name)
    return value !== undefined && configFault(name, table[name]!, value) === null ? value : (table[name]!.default ?? '')
  }
  // An own value out of the server's bounds counts as the nearest bound.
  const bounded = (name: Name, server: number, min: number, max: number): number => {
    const value = own.get(name)
    const row = table[name]!
    const parsed = value !== undefined && configFault(name, row, value) === null ? parseConfig(row, value) : undefined
    return typeof parsed === 'number' ? Math.min(max, Math.max(min, parsed)) : server
  }
  const deadLetterTopic = text('errors.deadletterqueue.topic.name')
  return {
    maxDeliveryCount: bounded(
      'share.delivery.count.limit',
      config.get('group.share.delivery.count.limit'),
      config.get('group.share.min.delivery.count.limit'),
      config.get('group.share.max.delivery.count.limit'),
    ),
    maxRecordLocks: bounded(
      'share.partition.max.record.locks',
      config.get('group.share.partition.max.record.locks'),
      config.get('group.share.min.partition.max.record.locks'),
      config.get('group.share.max.partition.max.record.locks'),
    ),
    lockDurationMs: bounded(
      'share.record.lock.duration.ms',
      config.get('group.share.record.lock.duration.ms'),
      config.get('group.share.min.record.lock.duration.ms'),
      config.get('group.share.max.record.lock.duration.ms'),
    ),
    mayRenew: text('share.renew.acknowledge.enable') === 'true',
    hasDeadLetters: hasDeadLetters && deadLetterTopic !== '',
    readCommitted: text('share.isolation.level') === 'read_committed',
    autoOffsetReset: text('share.auto.offset.reset'),
    deadLetterTopic,
    copiesDeadLetters: text('errors.deadletterqueue.copy.record.enable') === 'true',
  }
}
